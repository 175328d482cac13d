import TandemCore
import TandemEngine
import TandemRows
import TandemState

/// Which issues something is about.
package struct IssueSelection: Sendable {
    /// Of one sync, or of all.
    package var sync: String?
    /// Of one table, by its name at the destination or at the source.
    package var table: String?
    /// By what they are called; all where `nil`.
    package var ids: [String]?
    /// Whether those are meant, too, that somebody has said are to stay.
    package var withIgnored = true

    package init(sync: String? = nil, table: String? = nil) { (self.sync, self.table) = (sync, table) }

    func includes(_ copy: SyncedTable, _ issue: RowIssue) -> Bool {
        let isTable = table.map { "\(copy.target)" == $0 || "\(copy.schema.name)" == $0 } ?? true
        return isTable && (ids.map { $0.contains(issue.id) } ?? true) && (withIgnored || !issue.isIgnored)
    }
}

/// Rows that a destination does not hold as their source has them.
extension Workspace {
    /// Those that are chosen, as the destinations know them.
    ///
    /// - Throws: Where one that is named is not there.
    package func issues(_ selection: IssueSelection) async throws -> [FoundIssue] {
        var found: [FoundIssue] = []
        for sync in try syncs(selection.sync.map { [$0] } ?? [], opening: .destination) {
            let copies = try await withDestination(sync.to) { try await $0.tables(of: sync.name) }
            for copy in copies {
                found += copy.issues.filter { selection.includes(copy, $0) }.map {
                    FoundIssue(sync: sync.name, copy: copy, issue: $0)
                }
            }
        }
        let missing = (selection.ids ?? []).filter { id in !found.contains { $0.issue.id == id } }
        guard missing.isEmpty else { throw FoundIssue.unknown(missing) }
        return found
    }

    /// Reads rows anew and applies them, in order with the other changes of their syncs. A run that follows one of
    /// these gives way meanwhile.
    ///
    /// - Returns: The rows as they are then, with whether nothing is wrong with them any more.
    package func retry(_ selection: IssueSelection) async throws -> [(found: FoundIssue, isSettled: Bool)] {
        var results: [(found: FoundIssue, isSettled: Bool)] = []
        for (sync, chosen) in try await chosen(selection) {
            let tried = try await alone(with: sync) { try await $0.retryIssues(selection.includes) }
            for retried in tried {
                guard var entry = chosen.first(where: { $0.issue.id == retried.issue.id }) else { continue }
                entry.issue = retried.issue
                results.append((entry, retried.isSettled))
            }
        }
        return results
    }

    /// Leaves rows as they are, so that they are not told of any more.
    ///
    /// - Returns: How many there are.
    package func ignore(_ selection: IssueSelection) async throws -> Int {
        let chosen = try await chosen(selection)
        for (sync, _) in chosen {
            _ = try await alone(with: sync) { try await $0.ignoreIssues(selection.includes) }
        }
        return chosen.reduce(0) { $0 + $1.issues.count }
    }

    /// By the syncs that they are of; no sync without any.
    private func chosen(
        _ selection: IssueSelection
    ) async throws -> [(sync: SyncConfiguration, issues: [FoundIssue])] {
        let found = try await issues(selection)
        return try syncs(selection.sync.map { [$0] } ?? []).compactMap { sync in
            let issues = found.filter { $0.sync == sync.name }
            return issues.isEmpty ? nil : (sync, issues)
        }
    }

    /// Work on a sync while nobody else runs it.
    func alone<Value>(with sync: SyncConfiguration, _ body: (SyncRun) async throws -> Value) async throws -> Value {
        let lock = try await turn(of: sync.name)
        defer { withExtendedLifetime(lock) {} }
        return try await syncRun(sync, state: try? openStateIfPresent()).closing(body)
    }

    /// - Parameter state: Where its history is kept, if anywhere.
    func syncRun(_ sync: SyncConfiguration, state: StateStore?) throws -> SyncRun {
        SyncRun(
            RunContext(
                sync,
                from: try source(sync.from),
                to: try destination(sync.to),
                readers: Processors.count,
                clock: clock
            ),
            state: state
        )
    }
}
