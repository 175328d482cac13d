import TandemCore
import TandemRows

/// Puts a table that was copied beside a stream in place, and brings it to where the stream is, where the stream does
/// not hold what has changed in it since.
///
/// The stream stands still meanwhile. The source has kept its log from where
/// the stream was before the copy began, and what happened to this table since
/// is read from there once more. All of it is one transaction at the destination, and its last
/// step says that the stream keeps the table up to date from now on. Until
/// then the copy belongs to no stream, and a run that is killed leaves a table
/// that the next one copies again.
struct StreamJoin {
    private let run: StreamRun
    private let desk: CopyDesk
    private let progress: StreamProgress

    init(_ run: StreamRun, _ desk: CopyDesk, _ progress: StreamProgress) {
        self.run = run
        self.desk = desk
        self.progress = progress
    }

    /// - Throws: What is worth another attempt with the same copy. Any other failure has the table copied once more.
    func run(_ loaded: CopyDesk.Loaded) async throws {
        do {
            try await join(loaded)
            desk.join()
        } catch let error as CancellationError {
            throw error
        } catch let error as any ExplainedError where error.interruptsAll {
            throw error
        } catch let again as StreamedTable.MustCopy {
            try? await run.destination.discard()
            desk.fail()
            await run.observe(.copyingAgain(loaded.table, reason: again.reason))
        } catch {
            try? await run.destination.discard()
            desk.fail()
            await run.observe(.tableFailed(loaded.table, TableFailure(error)))
        }
    }

    private func join(_ loaded: CopyDesk.Loaded) async throws {
        let destination = run.destination
        let sync = run.plan.sync
        guard let reached = try await destination.stream(of: sync, by: run.method),
            reached.id == loaded.since.id
        else {
            throw StreamedTable.MustCopy(reason: "the stream that it was copied for is gone")
        }
        // The stream may not have moved. A copy that is in place already does not belong to it yet.
        let hasMissedNothing = reached.checkpoint == loaded.since.checkpoint && !loaded.isPublished
        var copy = loaded.outcome.copy
        if !hasMissedNothing { copy.stream = nil }
        if !loaded.isPublished {
            try await desk.publish(loaded, as: copy, at: destination, of: sync)
            await run.observe(.published([loaded.outcome]))
        } else if try await destination.tables(of: sync).contains(where: {
            $0.target == copy.target && $0.stream == reached.id
        }) {
            // It has joined, and the answer was lost.
            return
        }
        if !hasMissedNothing { try await catchUp(copy, loaded, to: reached) }
        await run.observe(.tableLoaded(loaded.table, loaded.outcome))
    }

    private func catchUp(_ copy: CopiedTable, _ loaded: CopyDesk.Loaded, to reached: StreamState) async throws {
        let (destination, sync) = (run.destination, run.plan.sync)
        var table = StreamedTable(plan: loaded.table, copy: copy)
        let request = StreamRequest(
            sync: sync,
            tables: [table.request],
            start: loaded.since,
            end: reached.checkpoint,
            unfit: run.plan.unfit,
            made: try await destination.made(of: sync)
        )
        let stream = try await run.log.stream(request)
        do {
            let pump = StreamPump(
                stream: stream,
                apply: { batch in
                    if let reason = batch.recopies.values.first { throw StreamedTable.MustCopy(reason: reason) }
                    if let left = batch.left.values.first { throw StreamError.left(left) }
                    let (folding, unfit) = (destination.nameFolding, request.unfit)
                    let changes = try batch.stretches.map { try table.follow($0, folding: folding, unfit: unfit) }
                    if !changes.isEmpty {
                        let issues = try await destination.apply(changes, reaching: nil, of: sync)
                        if let found = issues[table.copy.target] { table.copy.issues = found }
                    }
                    progress.addMissed(batch)
                },
                // The slot stays where it is until the table has joined.
                reached: { _ in }
            )
            try await pump.run()
            var joined = table.copy
            joined.stream = reached.id
            let step = TargetChanges(before: table.copy, after: joined, changes: NetChanges())
            try await destination.apply([step], reaching: reached, of: sync)
            await stream.close()
        } catch {
            await destination.rollback()
            await stream.close()
            if let refused = error as? ChangeRefused { throw StreamedTable.MustCopy(reason: refused.reason) }
            throw error
        }
    }
}
