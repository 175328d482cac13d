package import TandemCore
import TandemRows

/// Plans syncs as a run of all of them would find things, with what would fail in it as far as that shows beforehand.
package struct Foresight {
    /// What syncs that were looked at before will have written by then, by what tells their destinations apart.
    private var owners: [String: [TableName: String]] = [:]

    package init() {}

    /// - Parameter place: The same for connections to one and the same destination.
    package mutating func plan(
        _ sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination,
        at place: String
    ) async throws -> SyncPlan {
        let earlier = owners[place] ?? [:]
        var plan = try await Planner.plan(sync, from: source, to: destination, earlier: earlier)
        if plan.problems.isEmpty {
            try await addGaps(to: &plan, of: sync, from: source, to: destination)
            let copies = Set(try await destination.tables(of: sync.name).map(\.target))
            // What is followed, or read by a cursor, is there already.
            let written = plan.tables.filter { table in
                !copies.contains(table.target) || !table.method.isFollowed && table.cursor?.copy == nil
            }
            plan.obstacles += try await destination.obstacles(to: written.map(\.target))
            for table in plan.tables { owners[place, default: earlier][table.target] = sync.name }
        }
        return plan
    }

    private func addGaps(
        to plan: inout SyncPlan,
        of sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination
    ) async throws {
        guard let source = source as? any ChangeSource, let destination = destination as? any ChangeDestination else {
            return
        }
        for method in Method.allCases where plan.tables.contains(where: { $0.method == method && method.isFollowed }) {
            guard let state = try await destination.stream(of: sync.name, by: method),
                let gap = try await source.following(by: method)?.gap(of: sync.name, after: state)
            else { continue }
            if sync.onGap == .fail {
                let error = StreamError.gap(sync: sync.name, reason: gap)
                plan.obstacles.append(Finding(.error, method.rawValue, error.description, remedy: error.remedy))
            } else {
                plan.notes.append("\(gap) Every table is copied again.")
            }
        }
    }
}
