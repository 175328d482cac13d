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
        var refusals: [(method: Method, reason: String, remedy: Remedy?)] = []
        while true {
            var plan = try await Planner.plan(sync, from: source, to: destination, without: ruledOut, earlier: earlier)
            guard plan.problems.isEmpty else { return plan }
            let refused = try await streams(of: &plan, sync, from: source, to: destination)
            guard let (method, error) = refused else {
                plan.refused = refusals
                return plan
            }
            refusals.append((method, error.sentence, error.remedy))
            ruledOut[method] = .unusable(reason: error.sentence, remedy: error.remedy)
        }
    }

    /// Takes out of the plan what cannot be followed.
    ///
    /// - Returns: A method that the source does not offer, where `auto` may take another.
    private static func streams(
        of plan: inout SyncPlan,
        _ sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination
    ) async throws -> (Method, any ExplainedError)? {
        for method in Method.allCases where method.isFollowed {
            let followed = plan.tables.filter { $0.method == method }
            guard !followed.isEmpty, let log = source.changeLog(method) else { continue }
            let state = try await destination.stream(of: sync.name, by: method)
            do {
                let stream = try await log.foresee(
                    LogRequest(sync: sync.name, tables: followed.map(\.source), continuing: state),
                    made: try await destination.made(of: sync.name)
                )
                add(stream, by: method, of: sync, to: &plan)
            } catch let error as any ExplainedError where error.isTransient {
                // It may be over by the time of the run, which waits and tries again.
                plan.notes.append("Whether its stream can go on could not be seen now: \(error.sentence)")
            } catch let error as any ExplainedError {
                if error.rulesOutMethod, state == nil, followed.contains(where: \.isAutomatic) {
                    return (method, error)
                }
                plan.obstacles.append(Finding(.error, method.rawValue, error.description, remedy: error.remedy))
            }
        }
        return nil
    }

    private static func add(
        _ stream: ForeseenLog,
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
            let error = StreamError.gap(sync: sync.name, reason: gap, policy: .fail)
            plan.obstacles.append(Finding(.error, method.rawValue, error.description, remedy: error.remedy))
        } else {
            plan.notes.append("\(gap) Every table is copied again.")
        }
    }
}
