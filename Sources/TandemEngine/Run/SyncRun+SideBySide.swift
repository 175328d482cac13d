import TandemCore
import TandemRows
import TandemState

/// A run that follows: its streams go on side by side, each open all the time.
extension SyncRun {
    /// - Parameter report: What has failed until now, which is not told again.
    /// - Throws: What ended the last of the streams, `CancellationError`, and what giving the lock away fails with.
    func followSideBySide(_ plan: SyncPlan, _ report: FullCopy.Report) async throws -> Never {
        let methods = Method.allCases.filter { $0.isFollowed && source.changeLog($0) != nil }
        let streams = FollowedStreams(methods, beginning: plan.followedMethods, folding: destination.nameFolding)
        try await withThrowingTaskGroup(of: Never.self) { group in
            for method in methods {
                group.addTask { try await follow(by: method, plan, beside: streams, report) }
            }
            group.addTask { try await streams.look(context.clock) { try await replanned() } }
            if let lock { group.addTask { try await lend(lock, streams) } }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
        // None ends but by failing, or being cancelled.
        throw CancellationError()
    }

    /// Follows by one method for as long as others can be followed. What fails is tried again after a pause, which
    /// grows.
    private func follow(
        by method: Method,
        _ plan: SyncPlan,
        beside streams: FollowedStreams,
        _ report: FullCopy.Report
    ) async throws -> Never {
        var (plan, report, failures) = (plan, report, 0)
        while true {
            var part = streams.free(plan, for: method)
            do {
                if failures > 0 {
                    plan = try await replanned()
                    part = streams.free(plan, for: method)
                }
                if !part.tables.isEmpty {
                    let stream = try stream(by: method, of: part, beside: streams)
                    try await stream.run(streams.progress, into: &report)
                    failures = 0
                }
                if streams.isEmpty { await context.observe(.following(streams.progress, tables: [], end: nil)) }
                plan = try await tables(for: method, streams)
            } catch {
                try Task.checkCancellation()
                // Nothing goes on.
                if streams.isEmpty { throw error }
                failures += 1
                let pause = context.retries.copyPause(after: failures)
                await context.observe(.streamFailed(method, tables: part.tables, error, pause: pause))
                try await context.clock.backOff(pause)
            }
        }
    }

    /// Waits for tables that are to be followed by `method`.
    private func tables(for method: Method, _ streams: FollowedStreams) async throws -> SyncPlan {
        var attempt = 0
        for await look in streams.looks.listen() {
            do {
                let plan = try look.get()
                if !streams.free(plan, for: method).tables.isEmpty { return plan }
                attempt = 0
            } catch let error as any ExplainedError where context.outlasts(error) {
                // The others have an error of their own.
                guard streams.isEmpty else { continue }
                attempt += 1
                try await context.wait(after: error, attempt: attempt)
            }
        }
        throw CancellationError()
    }

    /// Gives the sync's lock to others for a while, whenever they want it and nothing is being copied.
    private func lend(_ lock: SyncLock, _ streams: FollowedStreams) async throws -> Never {
        while true {
            while !lock.isWanted || !context.copying.isFree || !streams.areIdle {
                try await context.clock.pause(.betweenLooksAtTheLock)
            }
            try await streams.standingStill { try await lock.giveWay() }
        }
    }
}
