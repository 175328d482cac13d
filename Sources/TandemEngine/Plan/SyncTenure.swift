package import TandemCore
import TandemRows

/// Whose a sync is at its destination.
///
/// Copies and streams are told apart there by the sync's name, and two projects may well have one name for theirs. Each
/// would take the other's copies for its own of earlier: moved, dropped at the source. So the project is remembered.
/// A project may get another name, as it does with each folder that a release is unpacked to, and a source may be
/// restored elsewhere: what has changed in one of the two ways only is the same sync, as long as its copies stay where
/// they are.
package struct SyncTenure: Sendable {
    private let sync: SyncConfiguration
    /// The projects that the destination knows it of.
    private let projects: Set<String>
    private let isClaimed: Bool

    package init(of sync: SyncConfiguration, made: [MadeObject]) {
        self.sync = sync
        let claims = made.filter { $0.kind == .sync }
        isClaimed = claims.contains { $0.project == sync.project }
        // Versions that did not remember syncs knew the project of what they had made at the source.
        projects = Set((claims.isEmpty ? made : claims).map(\.project)).subtracting([""])
    }

    package init(of sync: SyncConfiguration, at destination: any Destination) async throws {
        self.init(of: sync, made: try await destination.made(of: sync.name))
    }

    /// Whether it is known there of other projects, and not of this one.
    package var isAnothers: Bool {
        !sync.project.isEmpty && !projects.isEmpty && !projects.contains(sync.project)
    }

    /// What is to be remembered, if it is not.
    var claim: MadeObject? {
        guard !sync.project.isEmpty, !isClaimed else { return nil }
        return MadeObject(sync: sync.name, project: sync.project, kind: .sync, name: "", place: "")
    }

    /// Tables that have a copy under the name they still have, and would have it elsewhere.
    func moves(
        of copied: [SyncedTable],
        in plan: SyncPlan,
        folding: NameFolding
    ) -> [(copy: SyncedTable, target: TableName)] {
        let earlier = Dictionary(grouping: copied, by: \.schema.name)
        return plan.tables.compactMap { table in
            guard let copies = earlier[table.schema.name], let first = copies.first,
                !copies.contains(where: { folding.fold($0.target) == folding.fold(table.target) })
            else { return nil }
            return (first, table.target)
        }
    }

    /// - Parameter origin: ``Source/origin()``; `nil` where that cannot be told.
    func isSameSource(_ copied: [SyncedTable], _ origin: String?) -> Bool {
        guard let origin else { return true }
        return copied.isEmpty || copied.contains { $0.moment.origin == origin }
    }

    /// Why the sync is not to be run as it stands.
    ///
    /// - Parameter departed: Copies of tables that are there, and that it does not select.
    func problem(
        isSameSource: Bool,
        moves: [(copy: SyncedTable, target: TableName)],
        departed: [SyncedTable]
    ) -> PlanProblem? {
        guard isAnothers || !isSameSource else { return nil }
        var reasons: [String] = []
        if !isSameSource { reasons.append("its copies come from another database than \"\(sync.from)\"") }
        if let move = moves.first {
            reasons.append("the copy of \(move.copy.schema.name) is \(move.copy.target), and would be \(move.target)")
        } else if let copy = departed.first {
            reasons.append("\(copy.schema.name) is copied, and would not be any more")
        }
        guard isAnothers ? !reasons.isEmpty : !moves.isEmpty else { return nil }
        let writer = isAnothers ? "The sync \"\(sync.name)\" of another project, \(names)," : "A sync \"\(sync.name)\""
        return PlanProblem(
            line: sync.line,
            message: "\(writer) writes to \"\(sync.to)\" already: \(reasons.joined(separator: "; ")).",
            remedy: remedy
        )
    }

    private var names: String { projects.sorted().map { "\"\($0)\"" }.joined(separator: " and ") }

    private var remedy: Remedy {
        let rename = "Give this sync a name of its own below `syncs:`, and an `into` or `target` of its own."
        guard let project = projects.min(), isAnothers else {
            return Remedy(
                "If another project writes it: \(rename) If it is this one, whose database was replaced and `into` or `target` changed, let \(ProgramCommand("reset", sync.name)) forget the copies, which stay where they are."
            )
        }
        return Remedy(
            "\(rename) If this is the project \"\(project)\" under another name, say so at the top of the configuration: `project: \(project)`."
        )
    }
}

extension SyncTenure {
    /// Refuses to go on with what the destination remembers of another project's sync.
    ///
    /// - Parameter origin: The source's, which is asked for where there is a doubt only.
    package static func check(
        _ sync: SyncConfiguration,
        at destination: any Destination,
        origin: () async throws -> String?
    ) async throws {
        let tenure = try await SyncTenure(of: sync, at: destination)
        guard tenure.isAnothers else { return }
        let copied = try await destination.tables(of: sync.name)
        guard !copied.isEmpty, try await !tenure.isSameSource(copied, origin()),
            let problem = tenure.problem(isSameSource: false, moves: [], departed: [])
        else { return }
        throw PlanProblems(sync: sync.name, problems: [problem])
    }
}
