import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Random rows of every type, written and read back.
@Suite struct RoundTripTests {
    private static let name = TableName(schema: "main", table: "every type")

    @Test(arguments: [1, 2, 4]) func everyTypeComesBackAsItWent(readers: Int) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        try await roundTrip(RandomBatches.schema(Self.name), rows: 10_000, seed: seed, readers: readers)
    }

    @Test func wideTable() async throws {
        let types = (0..<1599).map { RandomBatches.types[$0 % 21] }
        let schema = RandomBatches.schema(TableName(schema: "main", table: "wide"), of: types)
        try await roundTrip(schema, rows: 3000, seed: .random(in: 0 ... .max), readers: 2, longest: 40)
    }

    @Test func longValues() async throws {
        let schema = RandomBatches.schema(TableName(schema: "main", table: "long"), of: [.text, .bytes, .list(.text)])
        try await roundTrip(schema, rows: 20_000, seed: .random(in: 0 ... .max), readers: 2, longest: 3_000_000)
    }

    private func roundTrip(
        _ schema: TableSchema,
        rows: Int,
        seed: UInt64,
        readers: Int,
        longest: Int = 100_000
    )
        async throws
    {
        let comment = Comment("seed \(seed)")
        let folder = try WarehouseFolder()
        var random = RandomBatches(schema, seed: seed, longest: longest)
        let batches = random.batches(rows: rows)
        let destination = folder.destination()
        let written = try await destination.load(
            BatchRows(batches, schema: schema, readers: readers),
            into: schema.name
        )
        #expect(written == rows, comment)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 0.1)
        let copy = SyncedTable(target: schema.name, schema: schema, rows: rows, moment: moment)
        try await destination.publish([copy], retiring: [], of: "sync")

        let reopened = folder.destination()
        #expect(try await reopened.tables(of: "sync") == [copy], comment)
        let returned = try await reopened.rows(of: copy, as: schema)
        let reader = try returned.makeReader()
        var found: [RowBatch] = []
        while let batch = try reader.next() { found.append(batch) }
        let difference = Self.difference(between: batches, and: found, schema)
        #expect(difference == nil, comment)
    }

    /// The first column and key whose values differ, if any do.
    private static func difference(between sent: [RowBatch], and found: [RowBatch], _ schema: TableSchema) -> String? {
        for column in schema.columns.indices {
            let (sent, found) = (hashes(sent, column), hashes(found, column))
            if sent.count != found.count { return "\(sent.count) rows sent, \(found.count) found" }
            if let key = sent.keys.sorted().first(where: { sent[$0] != found[$0] }) {
                return "\(schema.columns[column].name) of row \(key)"
            }
        }
        return nil
    }

    private static func hashes(_ batches: [RowBatch], _ column: Int) -> [Int64: UInt64] {
        var result: [Int64: UInt64] = [:]
        for batch in batches {
            guard case .int64(let keys) = batch.columns[0].storage else { continue }
            for (key, hash) in zip(keys, RowHash.hashes(of: batch, columns: [column])) { result[key] = hash }
        }
        return result
    }
}
