import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Random histories leave a copy that equals its source, whatever the plugin and the server.
@Suite(.blocking) struct StreamHistoryTests {
    struct Way: Sendable, CustomTestStringConvertible {
        var version: PostgresServer.Version
        var plugin = "pgoutput"
        var format = Wal2JSON.Format.changes
        var publication = ""
        var testDescription: String { "\(version), \(plugin) \(plugin == "wal2json" ? "\(format)" : publication)" }

        static let all =
            PostgresServer.Version.allCases.flatMap { version in
                ["", "WITH (publish_via_partition_root = true)"].map { Way(version: version, publication: $0) }
            } + [Way(version: .v15, plugin: "wal2json"), Way(version: .v15, plugin: "wal2json", format: .chunks)]
    }

    @Test(arguments: Way.all)
    func theCopyEqualsItsSource(_ way: Way) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let database = try TestDatabase(way.version)
        var history = StreamHistory(seed: seed, truncates: way.format == .changes)
        try database.execute(StreamHistory.setUp + history.sql(transactions: 30))
        let capture = try StreamCapture(
            database,
            plugin: way.plugin,
            format: way.format,
            publication: way.publication
        )
        defer { try? capture.drop() }
        try database.execute(history.sql(transactions: 20))
        // Copied later than the slot was made: what both show must not come twice.
        let replica = try await StreamReplica(database, tables: StreamHistory.tables)
        for round in 0..<3 {
            try database.execute(history.sql(transactions: 40))
            replica.limits = BatchLimits(changes: [250_000, 7, 100][round], bytes: 16 << 20)
            try replica.follow(capture)
            try await replica.expectEqual("seed \(seed)")
            #expect(replica.recopies.isEmpty, "seed \(seed)")
        }
    }

    /// Both plugins of one server, over one history.
    @Test func pluginsAgree() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let database = try TestDatabase(.v15)
        var history = StreamHistory(seed: seed)
        try database.execute(StreamHistory.setUp + history.sql(transactions: 30))
        let captures = [
            try StreamCapture(database), try StreamCapture(database, plugin: "wal2json", format: .changes),
        ]
        defer { for capture in captures { try? capture.drop() } }
        let one = try await StreamReplica(database, tables: StreamHistory.tables)
        let other = try await StreamReplica(database, tables: StreamHistory.tables)
        try database.execute(history.sql(transactions: 100))
        try one.follow(captures[0])
        try other.follow(captures[1])
        #expect(one.batches.count == 1 && other.batches.count == 1)
        #expect(one.recopies.isEmpty && other.recopies.isEmpty, "seed \(seed) \(other.recopies)")
        for table in one.tables.keys {
            #expect(one.net(table) == other.net(table), "seed \(seed)")
        }
    }

    /// Both plugins and triggers, over one history: each time they are read they tell of the same rows, and make the
    /// same of them.
    @Test(arguments: [1, 2, 3])
    func capturesAgree(_ number: Int) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let database = try TestDatabase(.v15)
        // Of these the log and the triggers name the same key.
        let names = ["keyed", "fullkey", "parted"]
        var history = StreamHistory(seed: seed)
        try database.execute(StreamHistory.setUp + history.sql(transactions: 30))
        let source = database.source()
        let tables = try await source.catalog().tables.filter { names.contains($0.schema.name.table) }
        var state = try await source.triggerLog.prepared(tables, of: "s", MadeMemory())
        let captures = [
            try StreamCapture(database), try StreamCapture(database, plugin: "wal2json", format: .changes),
        ]
        defer { for capture in captures { try? capture.drop() } }
        try database.execute(history.sql(transactions: 20))
        var replicas: [StreamReplica] = []
        for _ in 0..<3 { replicas.append(try await StreamReplica(database, tables: names)) }
        for round in 0..<8 {
            try database.execute(history.sql(transactions: 15))
            try replicas[0].follow(captures[0])
            try replicas[1].follow(captures[1])
            state = try await replicas[2].follow(source.triggerLog, of: "s", from: state)
            let effects = replicas.map { $0.takeEffects() }
            for (one, other) in [(0, 1), (0, 2)] {
                let (first, second) = (Set(effects[one]), Set(effects[other]))
                #expect(
                    first == second,
                    "seed \(seed), round \(round): \(first.subtracting(second).sorted()), \(second.subtracting(first).sorted())"
                )
            }
            for replica in replicas {
                #expect(replica.recopies.isEmpty, "seed \(seed) \(replica.recopies)")
                try await replica.expectEqual("seed \(seed)")
            }
        }
        await source.close()
    }
}

extension StreamReplica {
    /// What the changes of a table came to, as texts.
    fileprivate func net(_ table: TableID) -> [String] {
        batches.flatMap(\.stretches).filter { $0.schema.id == table }.flatMap { stretch -> [String] in
            let (schema, changes) = (stretch.schema, stretch.changes)
            let key = schema.identity.isEmpty ? schema.columns : schema.identity.map { schema.columns[$0] }
            func texts(_ batches: [RowBatch], _ columns: [ColumnSchema], _ label: String) -> [String] {
                batches.flatMap { Table.texts($0, columns) }.map { "\(label) \($0)" }.sorted()
            }
            return ["\(changes.isEmptied)"] + texts(changes.removed, key, "-")
                + texts(changes.written, schema.columns, "+")
                + texts(changes.patched.map(\.keys), key, "?") + texts(changes.patched.map(\.rows), schema.columns, "!")
        }
    }
}
