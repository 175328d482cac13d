import TandemCore
import TandemRows

/// Copies one table section by section, and goes on where an earlier attempt was cut off.
///
/// Sections that were read after that are of a later moment than the others.
/// The copy has the first of these moments, and the stream applies all that
/// has happened since; for a table with a key that leaves each row as it is
/// at the source, also where it shows some of these changes already, twice or
/// not at all (``SyncedTable/spansSnapshots``).
struct SectionedCopy {
    let load: TableBackfill
    let since: StreamCheckpoint

    private var context: RunContext { load.context }
    private var destination: any Destination { context.destination }
    private var table: TablePlan { load.table }

    /// - Returns: `nil` where the table is to be copied as a whole.
    func run() async throws -> TableOutcome? {
        guard !table.schema.identity.isEmpty else { return nil }
        // Asked once for all tables, because most have none.
        let loads = load.isBegun ? try await destination.sectionedLoads(of: context.sync.name) : []
        let kept = loads.first { $0.target == table.target }
        let usable = kept.flatMap { isUsable($0) ? $0 : nil }
        let snapshot = load.snapshot.resumable
        let sections =
            try await snapshot?.sections(
                of: table.source,
                as: table.schema,
                continuing: usable?.sections ?? []
            ) ?? []
        guard let snapshot, sections.count > 1 else {
            if let kept { try await destination.drop(kept) }
            return nil
        }
        var resumed = usable.flatMap { $0.sections == sections ? $0 : nil }
        if let known = resumed, known.loaded < sections.count { resumed?.spansSnapshots = true }
        let progress = TableProgress(estimatedRows: table.source.estimatedRows)
        await context.observe(.tableStarted(table, progress))
        if let resumed {
            progress.restart(after: resumed.tally)
            await context.observe(.copyResumed(table, bytes: resumed.loadedBytes, of: resumed.bytes))
        }
        let start = context.clock.now
        var bytesResumed: Int?
        return try await load.persistently(progress, reading: resumed.map(reading) ?? table.schema) { schema in
            // Whatever fails so that it is read again, fails for all of it.
            let begun = if let resumed { resumed } else { try await begin(sections, schema) }
            bytesResumed = resumed?.loadedBytes
            resumed = nil
            let whole = try await finish(begun, from: snapshot, reading: schema, progress)
            let rows = try await destination.finish(whole)
            var outcome = load.outcome(of: whole.schema, rows: rows, whole.tally, at: whole.moment, start)
            outcome.copy.spansSnapshots = whole.spansSnapshots
            outcome.copy.definition = whole.definition
            outcome.bytesResumed = bytesResumed
            return outcome
        }
    }

    /// Loads the sections that are missing.
    private func finish(
        _ begun: SectionedLoad,
        from snapshot: any ResumableSnapshot,
        reading schema: TableSchema,
        _ progress: TableProgress
    ) async throws -> SectionedLoad {
        var load = begun
        for section in begun.sections.dropFirst(begun.loaded) {
            try Task.checkCancellation()
            let rows = try await snapshot.rows(of: table.source, as: schema, unfit: begun.unfit, in: section)
            let travelling = TravellingRows(rows: rows, schema: begun.schema, progress: progress)
            load = try await destination.load(travelling, addingTo: load)
            try self.load.checkCount(load.rows, load.tally)
        }
        return load
    }

    private func begin(_ sections: [TableSection], _ schema: TableSchema) async throws -> SectionedLoad {
        SectionedLoad(
            sync: context.sync.name,
            target: table.target,
            since: since,
            moment: load.snapshot.moment,
            planned: table.schema,
            schema: load.targetSchema(of: schema),
            unfit: context.sync.unfitValues,
            definition: try await load.snapshot.extent(of: table.source)?.definition,
            sections: sections
        )
    }

    /// Whether what was loaded is a part of the copy that is wanted now, and the stream has every change since.
    private func isUsable(_ kept: SectionedLoad) -> Bool {
        kept.isCurrent(at: since) && kept.planned == table.schema
            && kept.schema.columns.map(\.name) == table.targetNames && kept.unfit == context.sync.unfitValues
            && kept.moment.origin == load.snapshot.moment.origin
    }

    /// The columns as they were read for `kept`.
    private func reading(_ kept: SectionedLoad) -> TableSchema {
        var schema = table.schema
        for (index, column) in kept.schema.columns.enumerated() { schema.columns[index].type = column.type }
        return schema
    }
}
