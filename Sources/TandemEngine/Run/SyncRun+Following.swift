import TandemCore
import TandemRows
import TandemState

extension Method {
    /// Whether a source tells of changes by it, which are applied to the copies.
    package var isFollowed: Bool { self == .logBased || self == .triggerBased }
}

extension SyncRun {
    /// Begins the streams that are new. What `auto` has chosen and the source then refuses is planned otherwise.
    ///
    /// A stream that has begun goes on by its method: what is in its way has to be mended, for another method would
    /// copy every table again.
    ///
    /// - Returns: The plan, and the run that keeps to it.
    func beginning(_ plan: SyncPlan) async throws -> (run: SyncRun, plan: SyncPlan) {
        var (run, plan) = (self, plan)
        for method in Method.allCases where method.isFollowed {
            var attempt = 0
            var isFirst = true
            while true {
                do {
                    if !isFirst {
                        plan = try await run.plan()
                        await context.observe(.planned(plan))
                    }
                    isFirst = false
                    let followed = plan.part { $0.method == method }
                    guard followed.tables.contains(where: \.isAutomatic),
                        try await destination.stream(of: sync.name, by: method) == nil
                    else { break }
                    let stream = try run.stream(by: method, of: followed)
                    try await stream.prepare(followed, stream.backfills())
                    break
                } catch let error as any ExplainedError where error.rulesOutMethod {
                    await context.observe(.methodRuledOut(method, reason: "\(error)", remedy: error.remedy))
                    run.ruledOut[method] = .unusable(reason: error.sentence, remedy: error.remedy)
                } catch let error as any ExplainedError where context.outlasts(error) {
                    // Such as a table that has another name by now.
                    attempt += 1
                    try await context.wait(after: error, attempt: attempt)
                }
            }
        }
        return (run, plan)
    }

    /// Has the source take back what is of no use, or harms, also where no table is left to follow. What cannot be done
    /// now is tried again by the next run.
    func tidy() async {
        guard let record = try? await destination.sourceRecord(of: sync.name) else { return }
        for method in Set(record.streams.map(\.method)) { try? await source.changeLog(method)?.tidy(record) }
    }

    /// Follows the tables of `plan` that are to be.
    ///
    /// - Returns: What was followed, if anything was.
    func follow(
        _ plan: SyncPlan,
        repairing isRepaired: ((TablePlan) -> Bool)?,
        into report: inout FullCopy.Report
    ) async throws -> StreamProgress.Counts? {
        var methods = plan.followedMethods
        if let isRepaired {
            for method in methods {
                let followed = plan.part { $0.method == method }
                let stream = try stream(by: method, of: followed)
                try await stream.release(followed.tables.filter(isRepaired).map(\.schema.id))
            }
        }
        guard context.follows else { return try await follow(plan, by: methods, into: &report) }
        // A destination takes one stream at a time, so they take turns, each as far as its source is by then.
        var turn = self
        turn.context.follows = false
        var (plan, plannedAt, attempt) = (plan, context.clock.now, 0)
        while true {
            if methods.count == 1 {
                _ = try await follow(plan, by: methods, into: &report)
                // None of its tables can be followed any more.
                (methods, plannedAt) = ([], context.clock.now)
            }
            if methods.isEmpty {
                // Until one can.
                await context.observe(.following(StreamProgress(), tables: [], end: nil))
            }
            repeat {
                _ = try await turn.follow(plan, by: methods, into: &report)
                // What could not be copied is tried again with the next plan, and not in each turn.
                let failed = Set(report.failures.map(\.table.source.schema.id))
                plan = plan.part { !failed.contains($0.source.schema.id) }
                try await context.clock.pause(.betweenTurns)
                if let lock, lock.isWanted { try await lock.giveWay() }
                guard context.clock.duration(since: plannedAt) >= Self.replanning else { continue }
                do {
                    (plan, plannedAt, attempt) = (try await replanned(), context.clock.now, 0)
                    if methods.isEmpty { methods = plan.followedMethods }
                    let known = Set(plan.failures.map(\.table.schema.name))
                    report.failures.removeAll { !known.contains($0.table.schema.name) }
                    await context.observe(.replanned(plan))
                } catch let error as any ExplainedError where context.outlasts(error) {
                    attempt += 1
                    try await context.wait(after: error, attempt: attempt)
                }
            } while methods.count != 1
        }
    }

    /// How often it is looked for tables that came or went meanwhile.
    private static let replanning = Duration.seconds(30)

    private func follow(
        _ plan: SyncPlan,
        by methods: [Method],
        into report: inout FullCopy.Report
    ) async throws -> StreamProgress.Counts? {
        var counts: StreamProgress.Counts?
        for method in methods {
            let followed = plan.part { $0.method == method }
            guard !followed.tables.isEmpty else { continue }
            let stream = try stream(by: method, of: followed)
            let added = try await stream.run(into: &report).counts
            counts = counts.map { $0.adding(added) } ?? added
        }
        return counts
    }

    /// - Parameter plan: Of the tables only that are followed by `method`.
    func stream(by method: Method, of plan: SyncPlan) throws(StreamError) -> StreamRun {
        // The planner gives these methods only to ends that have them.
        guard let log = source.changeLog(method) else { throw .noStream(connection: sync.from) }
        return StreamRun(
            context: context,
            log: log,
            method: method,
            plan: plan,
            onGap: sync.onGap,
            replan: { try await self.replanned() },
            lock: context.follows ? lock : nil
        )
    }

    /// The plan that the source asks for by now. A run that follows outlasts one that cannot be done.
    private func replanned() async throws -> SyncPlan {
        do { return try await plan() } catch let problems as PlanProblems where context.follows {
            throw StreamError.standstill(problems)
        }
    }

    /// What follows some of a sync's copies.
    struct Follower {
        var method: Method
        var log: any ChangeLog
        /// As ``SyncedTable/stream``.
        var id: String
    }

    /// What follows the sync's `copies`, those aside that nothing does.
    func followers(of copies: [SyncedTable]) async throws -> [Follower] {
        let ids = Set(copies.compactMap(\.stream))
        var followers: [Follower] = []
        for method in Method.allCases where method.isFollowed && !ids.isEmpty {
            guard let stream = try await destination.stream(of: sync.name, by: method), ids.contains(stream.id),
                let log = source.changeLog(method)
            else { continue }
            followers.append(Follower(method: method, log: log, id: stream.id))
        }
        return followers
    }

    /// Fixes a moment of the source, and brings the copies that `follower` keeps up to date to it.
    ///
    /// - Returns: The moment, to be closed, and the plan of these tables, in which those failed that stayed behind.
    ///   `nil` where the source cannot make one.
    func moment(
        for follower: Follower,
        readers: Int
    ) async throws -> (snapshot: any Snapshot, plan: SyncPlan)? {
        // Before the snapshot, so that what is planned is there by then: columns that were added are to come.
        var plan = try await Planner.plan(sync, from: source, to: destination).part { $0.method == follower.method }
        guard let snapshot = try await follower.log.snapshotAtEnd(readers: readers) else { return nil }
        do {
            if let place = snapshot.moment.position, !plan.tables.isEmpty {
                var stream = try stream(by: follower.method, of: plan)
                stream.onGap = .fail
                let (changes, left) = try await stream.catchUp(to: place)
                let late = Set(left.map(\.table.schema.id))
                plan.tables.removeAll { late.contains($0.schema.id) }
                plan.failures += left
                try? await state?.add(changes: changes, of: sync.name)
            }
        } catch StreamError.gap(let name, let reason, _) {
            await snapshot.close()
            throw StreamError.gap(sync: name, reason: reason, policy: sync.onGap)
        } catch {
            await snapshot.close()
            throw error
        }
        return (snapshot, plan)
    }
}

extension SyncPlan {
    fileprivate var followedMethods: [Method] {
        Method.allCases.filter { method in method.isFollowed && tables.contains { $0.method == method } }
    }
}

extension StreamProgress.Counts {
    fileprivate func adding(_ other: Self) -> Self {
        var sum = self
        sum.changes += other.changes
        sum.transactions += other.transactions
        sum.batches += other.batches
        sum.time = [time, other.time].compactMap(\.self).max()
        sum.isUpToDate = isUpToDate && other.isUpToDate
        sum.tables.merge(other.tables) { $0 + $1 }
        return sum
    }
}
