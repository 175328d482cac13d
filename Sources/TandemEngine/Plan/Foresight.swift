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
        var plan = try await Self.plan(sync, from: source, to: destination, earlier: earlier)
        guard plan.problems.isEmpty else { return plan }
        let copies = Set(try await destination.tables(of: sync.name).map(\.target))
        // What is followed, or read by a cursor, is there already.
        let written = plan.tables.filter { table in
            !copies.contains(table.target) || !table.method.isFollowed && table.cursor?.copy == nil
        }
        plan.obstacles += try await destination.obstacles(to: written.map(\.target))
        for table in plan.tables { owners[place, default: earlier][table.target] = sync.name }
        return plan
    }

    /// The plan of a sync, by the methods that its source turns out to offer, with what of its streams cannot go on.
    static func plan(
        _ sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination,
        earlier: [TableName: String] = [:]
    ) async throws -> SyncPlan {
        var ruledOut: [Method: Eligibility] = [:]
        while true {
            let plan = try await Planner.plan(sync, from: source, to: destination, without: ruledOut, earlier: earlier)
            guard plan.problems.isEmpty else { return plan }
            let streams = try await streams(of: plan, sync, from: source, to: destination)
            guard let refused = streams.refused else { return streams.plan }
            ruledOut[refused.0] = refused.1
        }
    }

    /// - Returns: The plan without the tables that cannot be followed, or a method that the source does not offer.
    private static func streams(
        of plan: SyncPlan,
        _ sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination
    ) async throws -> (plan: SyncPlan, refused: (Method, Eligibility)?) {
        guard let source = source as? any ChangeSource, let destination = destination as? any ChangeDestination else {
            return (plan, nil)
        }
        var plan = plan
        for method in Method.allCases where method.isFollowed {
            let followed = plan.tables.filter { $0.method == method }
            guard !followed.isEmpty, let source = source.following(by: method) else { continue }
            let state = try await destination.stream(of: sync.name, by: method)
            do {
                let stream = try await source.foreseeStream(
                    of: sync.name,
                    tables: followed.map(\.source),
                    continuing: state,
                    made: try await destination.made(of: sync.name)
                )
                add(stream, by: method, of: sync, to: &plan)
            } catch let error as any ExplainedError where !error.isTransient {
                if error.rulesOutMethod, state == nil, followed.contains(where: \.isAutomatic) {
                    return (plan, (method, .unusable(reason: error.sentence, remedy: error.remedy)))
                }
                plan.obstacles.append(Finding(.error, method.rawValue, error.description, remedy: error.remedy))
            }
        }
        return (plan, nil)
    }

    private static func add(
        _ stream: ForeseenStream,
        by method: Method,
        of sync: SyncConfiguration,
        to plan: inout SyncPlan
    ) {
        for table in plan.tables where table.method == method {
            guard let left = stream.left[table.schema.id] else { continue }
            plan.failures.append(FailedTable(table, TableFailure(message: left.reason, remedy: left.remedy)))
        }
        plan.tables.removeAll { $0.method == method && stream.left[$0.schema.id] != nil }
        guard let gap = stream.gap else { return }
        if sync.onGap == .fail {
            let error = StreamError.gap(sync: sync.name, reason: gap)
            plan.obstacles.append(Finding(.error, method.rawValue, error.description, remedy: error.remedy))
        } else {
            plan.notes.append("\(gap) Every table is copied again.")
        }
    }
}
