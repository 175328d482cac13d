import TandemCore
import TandemRows
import TandemTesting

@testable import TandemPostgres

extension TestDatabase {
    func source(pinned: (@Sendable (inout ServerCapabilities) -> Void)? = nil) -> PostgresSource {
        PostgresSource(config, in: .test, pinned: pinned)
    }

    /// Every row of a table, read in one snapshot.
    func read(
        _ table: String,
        schema: String = "public",
        readers: Int = 2,
        unfit: UnfitPolicy = .text,
        as change: (inout TableSchema) -> Void = { _ in },
        pinned: (@Sendable (inout ServerCapabilities) -> Void)? = nil
    ) async throws -> ReadTable {
        let source = source(pinned: pinned)
        let found = try await source.table(table, schema: schema)
        var wanted = found.schema
        change(&wanted)
        let snapshot = try await source.snapshot(readers: readers)
        let rows = try await snapshot.rows(of: found, as: wanted, unfit: unfit)
        let batches = try await rows.pullAll()
        await snapshot.close()
        await source.close()
        return ReadTable(schema: wanted, readers: batches, tally: rows.tally, notes: snapshot.notes)
    }
}

extension PostgresSource {
    func table(_ name: String, schema: String = "public") async throws -> CatalogTable {
        let name = TableName(schema: schema, table: name)
        guard let found = try await catalog().tables.first(where: { $0.schema.name == name }) else {
            throw PostgresServer.Failure(description: "the catalog lists no \(name)")
        }
        return found
    }
}

/// What was read of a table.
struct ReadTable {
    let schema: TableSchema
    /// What each reader gave.
    let readers: [[RowBatch]]
    let tally: ReadTally
    let notes: [String]

    var batches: [RowBatch] { readers.flatMap { $0 } }
    var count: Int { batches.reduce(0) { $0 + $1.rowCount } }

    /// Every row, each value as ``Column/text(_:as:)`` writes it.
    var texts: [[String?]] {
        batches.flatMap { batch in
            (0..<batch.rowCount).map { row in
                schema.columns.enumerated().map { batch.columns[$0].text(row, as: $1.type) }
            }
        }
    }
}
