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
    private let backfills: Backfills
    private let progress: StreamProgress

    init(_ run: StreamRun, _ backfills: Backfills, _ progress: StreamProgress) {
        self.run = run
        self.backfills = backfills
        self.progress = progress
    }

    /// - Throws: What is worth another attempt with the same copy. Any other failure has the table copied once more.
    func run(_ loaded: LoadedTable) async throws {
        let hasJoined = try await backfills.joining {
            let reached = try await run.context.destination.stream(of: run.plan.sync, by: run.method)
            var actions = await backfills.note(.standing(at: reached))
            // Given up.
            if actions.isEmpty { return false }
            while let action = actions.popLast() {
                switch action {
                case .publish(let loaded): actions = try await backfills.publish(loaded)
                case .reread(let loaded, let reached):
                    if try await !isFollowed(loaded) { try await reread(loaded, to: reached) }
                    actions = await backfills.note(.joined)
                default: break
                }
            }
            return true
        }
        if hasJoined == true { await run.context.observe(.tableLoaded(loaded.table, loaded.outcome)) }
    }

    /// Whether it has joined, and the answer was lost.
    private func isFollowed(_ loaded: LoadedTable) async throws -> Bool {
        try await run.context.destination.tables(of: run.plan.sync).contains {
            $0.target == loaded.outcome.copy.target && $0.stream == loaded.since.id
        }
    }

    private func reread(_ loaded: LoadedTable, to reached: StreamCheckpoint) async throws {
        let (destination, sync) = (run.context.destination, run.plan.sync)
        var table = StreamedTable(plan: loaded.table, copy: loaded.placed)
        let request = StreamRequest(
            sync: sync,
            tables: [table.request],
            start: loaded.since,
            end: reached.checkpoint,
            unfit: run.plan.unfit,
            made: try await destination.made(of: sync)
        )
        // The slot stays where it is until the table has joined: nothing is confirmed here.
        let stream = try await run.log.stream(request)
        let pump = { (transaction: any WriteTransaction) in
            StreamPump(stream: stream, clock: run.context.clock) { batch in
                if let reason = batch.recopies.values.first { throw Recopy(table: loaded.table, reason: reason) }
                if let left = batch.left.values.first { throw StreamError.left(left) }
                let (folding, unfit, now) = (destination.nameFolding, request.unfit, run.context.clock.time)
                let changes = try batch.stretches.map {
                    try table.follow($0, folding: folding, unfit: unfit, at: now)
                }
                if !changes.isEmpty {
                    let issues = try await transaction.apply(changes)
                    if let found = issues[table.copy.target] { table.copy.issues = found }
                }
                progress.addMissed(batch)
            }
        }
        do {
            try await withCleanup(stream.close) {
                try await destination.withTransaction(of: sync, refusedRows: .leaveOut) { transaction in
                    try await pump(transaction).run()
                    var joined = table.copy
                    joined.stream = reached.id
                    let step = TargetChanges(before: table.copy, after: joined, changes: NetChanges())
                    try await transaction.commit([step], advancing: reached)
                }
            }
        } catch let refused as TableMismatch {
            throw Recopy(table: loaded.table, reason: refused.reason)
        }
    }
}
