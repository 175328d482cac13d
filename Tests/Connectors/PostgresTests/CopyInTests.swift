import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What is written into a table comes back as it went, for every type and its extremes.
@Suite(.blocking) struct CopyInTests {
    /// Lists of lists are no type here, and of times only those that Postgres knows can be stored: those are in
    /// `PostgresToPostgresTests`.
    private static let types = RandomBatches.types.filter { type in
        switch type {
        case .list(.list), .date, .timestamp, .timestampTZ, .interval: false
        case .list(.date), .list(.timestamp), .list(.timestampTZ), .list(.interval): false
        default: true
        }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func everyTypeComesBack(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(version), seed \(seed)")
        let database = try TestDatabase(version)
        let destination = database.destination()
        let target = TableName(schema: "every", table: "type")
        let schema = RandomBatches.schema(target, of: Self.types)
        var random = RandomBatches(schema, seed: seed, longest: 20_000)
        let batches = random.batches(rows: 5000).map { batch in
            var batch = batch
            batch.columns = batch.columns.map(Self.withOneNaN)
            return batch
        }
        let rows = BatchRows(batches, schema: schema, readers: 3)
        #expect(try await destination.load(rows, into: target) == 5000)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        let copy = SyncedTable(target: target, schema: schema, rows: 5000, moment: moment)
        try await destination.publish([copy], retiring: [], of: "test")
        let back = try await destination.rows(of: copy, as: schema).pullAll().flatMap { $0 }
        #expect(back.reduce(0) { $0 + $1.rowCount } == 5000)
        for (index, column) in schema.columns.enumerated() {
            #expect(Self.sum(back, index) == Self.sum(batches, index), "\(column.name), seed \(seed)")
        }
        await destination.close()
    }

    /// Postgres compares all of them as equal, and its reader makes one of them.
    private static func withOneNaN(_ column: Column) -> Column {
        var column = column
        switch column.storage {
        case .float32(let values): column.storage = .float32(values.map { $0.isNaN ? .nan : $0 })
        case .float64(let values): column.storage = .float64(values.map { $0.isNaN ? .nan : $0 })
        case .list(let offsets, let values): column.storage = .list(offsets: offsets, values: withOneNaN(values))
        default: break
        }
        return column
    }

    /// The rows' numbers with their key, whatever order they come in.
    private static func sum(_ batches: [RowBatch], _ column: Int) -> UInt64 {
        batches.flatMap { RowHash.hashes(of: $0, columns: [0, column]) }.reduce(0, &+)
    }
}
