package import TandemCore
package import TandemRows

/// Copies one table beside the old copy: again with a column as text where values do not fit its type.
struct TableBackfill {
    let context: RunContext
    let table: TablePlan
    let snapshot: any Snapshot
    /// The place in the order of its cursor that the copy has come to, if it has one.
    var place: CursorPlace?
    /// Whether an earlier attempt may have left a part of it at the destination.
    var isBegun = true

    /// - Parameter since: Where the stream is that is to keep the copy up to date, if any.
    func run(since: StreamCheckpoint?) async throws -> TableOutcome {
        var outcome: TableOutcome
        if let since,
            let copied = try await SectionedCopy(load: self, since: since).run()
        {
            outcome = copied
        } else {
            outcome = try await load()
        }
        guard since != nil || table.cursor != nil else { return outcome }
        outcome.copy.stream = since?.id
        outcome.copy.cursor = table.cursor.map { CursorState(columns: $0.ids, last: place?.values) }
        let earlier = outcome.copy.definition
        outcome.copy.note(try await snapshot.extent(of: table.source), copying: table, after: earlier)
        try await snapshot.awaitDurability()
        return outcome
    }

    private func load() async throws -> TableOutcome {
        let progress = TableProgress(estimatedRows: table.source.estimatedRows)
        await context.observe(.tableStarted(table, progress))
        let start = context.clock.now
        return try await persistently(progress, reading: table.schema) { schema in
            let rows = try await snapshot.rows(of: table.source, as: schema, unfit: context.sync.unfitValues)
            let travelling = TravellingRows(rows: rows, schema: targetSchema(of: schema), progress: progress)
            let written = try await context.destination.load(travelling, into: table.target)
            try checkCount(written, rows.tally)
            return outcome(of: travelling.schema, rows: written, rows.tally, at: snapshot.moment, start)
        }
    }

    /// Calls `body` until what it reads fits, and the destination can take it.
    func persistently(
        _ progress: TableProgress,
        reading schema: TableSchema,
        _ body: (TableSchema) async throws -> TableOutcome
    ) async throws -> TableOutcome {
        var schema = schema
        while true {
            do {
                return try await body(schema)
            } catch let again as LoadAgain {
                await context.observe(.tableReread(table, reason: again.description))
                progress.restart()
            } catch let unfit as UnfitValues {
                if let column = unfit.columns.map({ schema.columns[$0] }).first(where: { $0.type == .text }) {
                    throw CopyError.notText(table.schema.name, column: column.name)
                }
                // Text holds every value, so each round leaves fewer columns that can fail.
                for column in unfit.columns { schema.columns[column].type = .text }
                await context.observe(.tableRetyped(table, columns: unfit.columns.map { schema.columns[$0].name }))
                progress.restart()
            }
        }
    }

    /// - Throws: Where rows were lost on the way.
    func checkCount(_ written: Int, _ tally: ReadTally) throws(CopyError) {
        guard written == tally.rows - tally.refused else {
            throw .rowsMissing(table.schema.name, read: tally.rows - tally.refused, written: written)
        }
    }

    func outcome(
        of schema: TableSchema,
        rows: Int,
        _ tally: ReadTally,
        at moment: Moment,
        _ start: RunClock.Instant
    ) -> TableOutcome {
        var copy = SyncedTable(
            target: table.target,
            schema: schema,
            rows: rows,
            moment: moment,
            leftOut: table.leftOut,
            metadataColumns: table.metadataColumns
        )
        copy.note(tally.refusals, at: context.clock.time)
        return TableOutcome(copy: copy, tally: tally, duration: context.clock.duration(since: start))
    }

    func targetSchema(of schema: TableSchema) -> TableSchema {
        var named = schema
        for (index, name) in table.targetNames.enumerated() { named.columns[index].name = name }
        return named
    }
}

package enum CopyError: ExplainedError {
    case rowsMissing(TableName, read: Int, written: Int)
    case notText(TableName, column: String)

    package var description: String {
        switch self {
        case .rowsMissing(let table, let read, let written):
            "Of table \(table), \(read) rows were read but \(written) written; the old copy stays in place."
        case .notText(let table, let column):
            "Column \(column) of table \(table) holds a value that cannot even be read as text."
        }
    }

    package var remedy: Remedy? {
        switch self {
        case .rowsMissing: Remedy("Run it again; if it happens twice, report it with what `tandem --version` prints.")
        case .notText(_, let column): Remedy("Leave the column out: `columns: [\"!\(column)\"]`.")
        }
    }

    package var isTransient: Bool { false }
}
