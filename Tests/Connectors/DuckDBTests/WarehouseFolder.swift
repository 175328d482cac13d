import FoundationEssentials
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// A folder of its own for one test's files, removed with this object.
final class WarehouseFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/tandem-duckdb-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String = "warehouse.duckdb") -> String { path + "/" + name }

    /// Runs statements as a user with a DuckDB of his own would.
    func sql(_ statements: String, in name: String = "warehouse.duckdb") throws {
        guard let database = try DatabaseFile.open(FileFacts.canonical(file(name)), .write, options: []) else { return }
        try user(of: database).run(statements, to: "prepare the test")
    }

    /// What a user with a DuckDB of his own would see.
    func ask(_ query: String) throws -> [[String?]] {
        let file = try #require(try DatabaseFile.open(FileFacts.canonical(file()), .read, options: []))
        return try user(of: file).texts(query, to: "look")
    }

    /// A session in which names without a catalog are those of the file.
    func user(of file: DatabaseFile) throws -> Session {
        let session = try Session(file)
        try session.run("USE \(SQL.identifier(session.catalog))", to: "use the file")
        return session
    }

    /// Loads a sample table, and what `publish` takes of it.
    func load(
        _ name: TableName,
        ids: some Sequence<Int>,
        into destination: DuckDBDestination
    ) async throws -> SyncedTable {
        let sample = SampleTable(name, ids: ids)
        let rows = BatchRows(sample.batches(), schema: sample.schema, readers: 2)
        let count = try await destination.load(rows, into: name)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        return SyncedTable(target: name, schema: sample.schema, rows: count, moment: moment)
    }

    /// Changes the first block of a file, and makes its checksum right again: DuckDB's own, over all but the checksum.
    func patchHeader(_ change: (inout [UInt8]) -> Void) throws {
        let url = URL(filePath: file())
        var content = [UInt8](try Data(contentsOf: url))
        var header = Array(content[..<4096])
        #expect(Self.checksum(of: header) == Array(header[..<8]), "the checksum is not what this test takes it for")
        change(&header)
        header.replaceSubrange(0..<8, with: Self.checksum(of: header))
        content.replaceSubrange(0..<4096, with: header)
        try Data(content).write(to: url)
    }

    private static func checksum(of block: [UInt8]) -> [UInt8] {
        var sum: UInt64 = 5381
        for start in stride(from: 8, to: block.count, by: 8) {
            let word = block[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            sum ^= word &* 0xBF58_476D_1CE4_E5B9
        }
        return (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
    }

    func destination(
        _ name: String = "warehouse.duckdb",
        lockTimeout: Int = 5,
        memoryLimit: String? = nil,
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) -> DuckDBDestination {
        var config = DuckDBConfig()
        config.path = name
        config.lockTimeout = lockTimeout
        config.memoryLimit = memoryLimit
        return DuckDBDestination(config, in: ConnectionContext(name: "warehouse", folder: path, notify: notify))
    }
}
