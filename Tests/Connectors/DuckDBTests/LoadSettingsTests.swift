import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// What is decided before a load, by the table's shape and its first rows.
@Suite struct LoadSettingsTests {
    private func schema(_ types: [ColumnType]) -> TableSchema {
        let columns = types.enumerated().map { ColumnSchema(name: "c\($0)", type: $1, nativeType: "") }
        return TableSchema(name: TableName(schema: "s", table: "t"), columns: columns, identity: [])
    }

    @Test func memoryGrowsWithVeryWideTablesOnly() {
        let config = DuckDBConfig()
        let few = LoadSettings(for: schema(Array(repeating: .int32, count: 13)), readers: 2, .unique, config)
        #expect(few.threads == 2 && few.memory == nil)
        #expect(few.sql.contains("disabled_compression_methods = 'dictionary'"))
        let many = LoadSettings(for: schema(Array(repeating: .int32, count: 1600)), readers: 2, .unique, config)
        #expect(many.threads == 1 && many.memory == 800 << 20)
        let lists = LoadSettings(for: schema(Array(repeating: .list(.int32), count: 800)), readers: 2, .unique, config)
        #expect(lists == many)
    }

    @Test func settingsOfTheUserAreKept() {
        var config = DuckDBConfig()
        config.memoryLimit = "100MB"
        config.threads = 3
        let many = schema(Array(repeating: .int32, count: 1600))
        let settings = LoadSettings(for: many, readers: 4, .undecided, config)
        #expect(settings.threads == 3 && settings.memory == nil)
    }

    private func column(_ texts: [String?]) -> Column {
        let storage = ByteStorage()
        var validity = Bitmap(repeating: true, count: texts.count)
        let views = texts.enumerated().map { row, text in
            if text == nil { validity.clear(row) }
            let bytes = Array((text ?? "").utf8)
            let start = bytes.withUnsafeBytes { storage.append($0) }
            return ByteViews.View(start: UInt32(start), length: UInt32(bytes.count))
        }
        return Column(storage: .bytes(ByteViews(views: views, storage: storage)), validity: validity)
    }

    @Test func stringsAreCompressedByWhatTheFirstRowsHold() {
        func choice(_ columns: Column...) -> StringCompression {
            StringCompression(for: RowBatch(rowCount: 2000, columns: columns, byteCount: 0))
        }
        let unique = column((0..<2000).map { "text \($0)" })
        let repeating = column((0..<2000).map { "text \($0 % 60)" })
        let numbers = Column(storage: .int32(Array(0..<2000)))
        #expect(choice(unique) == .unique)
        #expect(choice(numbers, repeating) == .repeating)
        #expect(choice(unique, numbers, repeating) == .undecided)
        #expect(choice(column((0..<2000).map { "text \($0 % 300)" })) == .undecided)
        #expect(choice(column(Array(repeating: nil, count: 2000))) == .undecided)
        #expect(choice(column((0..<2000).map { $0 % 4 == 0 ? "\($0)" : nil }), unique) == .unique)
        #expect(choice(numbers) == .undecided)
        #expect(choice(column(["too", "few"])) == .undecided)
        #expect(StringCompression(for: nil) == .undecided)
    }

    @Test func newFilesOfTheNewestFormatWork() async throws {
        let folder = try WarehouseFolder()
        var config = DuckDBConfig()
        config.path = folder.file()
        config.storageVersion = "latest"
        let destination = DuckDBDestination(config, in: ConnectionContext(name: "w", folder: folder.path))
        let copy = try await folder.load(TableName(schema: "s", table: "t"), ids: 0..<5000, into: destination)
        try await destination.publish([copy], retiring: [], of: "sync")
        #expect(try await destination.query("SELECT count(note) > 0 FROM s.t").rows == [["true"]])
    }

    @Test func settingsAreCheckedAtOnce() {
        func wrong(_ settings: [String: String]) -> [String] { DuckDBConnector.configure(settings).wrong.map(\.name) }
        #expect(wrong([:]) == ["path"])
        #expect(wrong(["path": ":memory:"]) == ["path"])
        #expect(wrong(["path": "w", "memory_limit": "2 gb", "storage_version": "1.2.0", "lock_timeout": "0"]).isEmpty)
        #expect(DuckDBConnector.configure(["path": "w", "memory_limit": "2 gb"]).config.memoryLimit == "2GB")
        #expect(
            wrong([
                "path": "w", "memory_limit": "lots", "storage_version": "new", "threads": "0", "lock_timeout": "x",
                "p": "1",
            ])
            .sorted() == ["lock_timeout", "memory_limit", "p", "storage_version", "threads"]
        )
    }
}
