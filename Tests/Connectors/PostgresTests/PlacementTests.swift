import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// How a new copy takes the place of an old one, and what of the old one stays.
@Suite(.blocking) struct PlacementTests {
    private let orders = TableName(schema: "shop", table: "orders")
    private let items = TableName(schema: "shop", table: "items")

    @Test func grantsAndNamesOutliveASwap() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        try await destination.publish([database.load(orders, ids: 0..<10, into: destination)], retiring: [], of: "s")
        let role = "reader_\(database.name)"
        try database.execute(
            """
            CREATE ROLE \(role); GRANT SELECT ON shop.orders TO \(role) WITH GRANT OPTION;
            GRANT INSERT, SELECT ON shop.orders TO PUBLIC;
            """
        )
        let before = try database.execute("SELECT relacl::text FROM pg_class WHERE oid = 'shop.orders'::regclass")
        try await destination.publish([database.load(orders, ids: 0..<20, into: destination)], retiring: [], of: "s")
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "20")
        #expect(try database.execute("SELECT relacl::text FROM pg_class WHERE oid = 'shop.orders'::regclass") == before)
        #expect(try database.constraints == "orders_pkey")
        #expect(try database.leftovers.isEmpty)
        await destination.close()
        try database.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }

    /// Whatever is attached to a copy, the copy stays and its rows become the new ones.
    @Test(arguments: [
        "CREATE VIEW shop.v AS SELECT id, note FROM shop.orders",
        "CREATE MATERIALIZED VIEW shop.v AS SELECT * FROM shop.orders",
        "CREATE INDEX own ON shop.orders (note)", "CREATE UNIQUE INDEX own ON shop.orders (amount)",
        "CREATE TABLE shop.child (o bigint REFERENCES shop.orders); INSERT INTO shop.child VALUES (1), (2)",
        "ALTER TABLE shop.orders ADD CHECK (id >= 0)", "ALTER TABLE shop.orders SET (fillfactor = 70)",
        "ALTER TABLE shop.orders ADD extra text DEFAULT 'mine'; CREATE INDEX own ON shop.orders (extra)",
        "CREATE PUBLICATION p FOR TABLE shop.orders", "COMMENT ON COLUMN shop.orders.id IS 'the number'",
        "ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY",
        "CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            + "CREATE TRIGGER t AFTER INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.f()",
    ])
    func whatUsersAttachedStays(attachment: String) async throws {
        for version in [PostgresServer.Version.v15, .v18] {
            let database = try TestDatabase(version)
            let destination = database.destination()
            try await destination.publish(
                [database.load(orders, ids: 0..<10, into: destination)],
                retiring: [],
                of: "s"
            )
            try database.execute(attachment)
            let number = try database.execute("SELECT 'shop.orders'::regclass::oid")
            let next = try await database.load(orders, ids: 1..<200, into: destination)
            try await destination.publish([next], retiring: [], of: "s")
            #expect(try database.execute("SELECT 'shop.orders'::regclass::oid") == number)
            #expect(try database.execute("SELECT count(*), min(id), max(id) FROM shop.orders") == "199|1|199")
            let back = try await destination.rows(of: next, as: next.schema).pullAll().flatMap { $0 }
            #expect(SampleTable.rows(in: back).sorted { $0.id < $1.id } == SampleTable(orders, ids: 1..<200).rows)
            #expect(try database.leftovers.isEmpty)
            await destination.close()
        }
    }

    /// A stream stands still meanwhile: who reads the old copy keeps the new one out, and nothing else for long.
    @Test func aReaderIsNotWaitedForWhileAStreamStandsStill() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        try await destination.publish([database.load(orders, ids: 0..<10, into: destination)], retiring: [], of: "s")
        let reader = try database.session()
        try reader.begin(.snapshot)
        #expect(try reader.query("SELECT count(*) FROM shop.orders").value == "10")
        let next = try await database.load(orders, ids: 0..<20, into: destination)
        let begin = ContinuousClock.now
        await #expect(throws: TargetError.self) {
            try await destination.publish([next], retiring: [], of: "s", isPatient: false)
        }
        // A tenth of a minute where nothing else runs; one who is patient waits for more than a whole one.
        #expect(begin.duration(to: .now) < .seconds(40))
        try reader.execute("COMMIT")
        try await destination.publish([next], retiring: [], of: "s", isPatient: false)
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "20")
        await destination.close()
    }

    /// A table that stays follows its source's columns: renamed, dropped, added, of another type.
    @Test(arguments: [true, false]) func attachedTablesFollowTheirColumns(hasKey: Bool) async throws {
        let database = try TestDatabase(.v18)
        let destination = database.destination()
        var sample = SampleTable(orders, ids: 0..<10)
        sample.schema.id = 77
        if !hasKey { sample.schema.identity = [] }
        try await destination.publish([database.load(sample, into: destination)], retiring: [], of: "s")
        try database.execute("CREATE VIEW shop.v AS SELECT id FROM shop.orders; CREATE INDEX own ON shop.orders (note)")
        var changed = SampleTable(orders, ids: 5..<15)
        changed.schema = sample.schema
        changed.schema.columns[1].name = "remark"
        changed.schema.columns[2] = ColumnSchema(name: "sum", type: .int32, nativeType: "integer", id: 9)
        try await destination.publish([database.load(changed, into: destination)], retiring: [], of: "s")
        let columns = try database.execute(
            "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'shop.orders'::regclass "
                + "AND attnum > 0 AND NOT attisdropped"
        )
        #expect(columns == "id,remark,sum")
        #expect(try database.execute("SELECT count(*), count(remark), sum(sum) FROM shop.orders").hasPrefix("10|8|"))
        #expect(try database.execute("SELECT count(*) FROM shop.v") == "10")
        #expect(try database.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'own'").contains("remark"))
        await destination.close()
    }

    @Test func aColumnThatAViewNeedsIsNotTaken() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let sample = SampleTable(orders, ids: 0..<10)
        try await destination.publish([database.load(sample, into: destination)], retiring: [], of: "s")
        try database.execute("CREATE VIEW shop.v AS SELECT note FROM shop.orders")
        var changed = SampleTable(orders, ids: 5..<15)
        changed.schema.columns[1] = ColumnSchema(name: "other", type: .text, nativeType: "text", id: 9)
        let next = try await database.load(changed, into: destination)
        let error = await #expect(throws: TargetError.self) {
            try await destination.publish([next], retiring: [], of: "s")
        }
        #expect("\(try #require(error))".contains("view shop.v"))
        #expect(try database.execute("SELECT count(note) FROM shop.orders") == "8")
        try await destination.discard([orders])
        #expect(try database.leftovers.isEmpty)
        await destination.close()
    }

    @Test func foreignKeysBetweenCopiesHold() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        func load(_ ids: Range<Int>) async throws {
            let copies = [
                try await database.load(items, ids: ids, into: destination),
                try await database.load(orders, ids: ids, into: destination),
            ]
            try await destination.publish(copies, retiring: [], of: "s")
        }
        try await load(0..<10)
        try database.execute(
            "ALTER TABLE shop.items ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES shop.orders DEFERRABLE"
        )
        try await load(5..<30)
        try database.execute(
            "ALTER TABLE shop.items DROP CONSTRAINT fk, ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES shop.orders"
        )
        try await load(20..<40)
        #expect(try database.execute("SELECT count(*), min(id) FROM shop.items JOIN shop.orders USING (id)") == "20|20")
        #expect(try database.execute("SELECT count(*) FROM pg_constraint WHERE conname = 'fk'") == "1")
        await destination.close()
    }

    @Test func aRenamedTableKeepsWhatIsAttached() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        var sample = SampleTable(orders, ids: 0..<10)
        sample.schema.id = 77
        try await destination.publish([database.load(sample, into: destination)], retiring: [], of: "s")
        try database.execute("CREATE VIEW shop.v AS SELECT id FROM shop.orders")
        var renamed = SampleTable(items, ids: 0..<12)
        renamed.schema.id = 77
        try await destination.publish([database.load(renamed, into: destination)], retiring: [orders], of: "s")
        #expect(try database.execute("SELECT count(*) FROM shop.v") == "12")
        #expect(try database.execute("SELECT to_regclass('shop.orders')") == "")
        #expect(try await destination.tables(of: "s").map(\.target) == [items])
        await destination.close()
    }

    @Test func whatTandemDidNotMakeIsLeftAlone() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        try database.execute("CREATE SCHEMA shop; CREATE TABLE shop.orders (a int); CREATE VIEW shop.items AS SELECT 1")
        for (name, word) in [(orders, "did not make"), (items, "a view")] {
            let error = await #expect(throws: PostgresError.self) {
                try await database.load(name, ids: 0..<3, into: destination)
            }
            let text = "\(try #require(error))"
            #expect(text.contains(word), "\(text)")
            #expect(try #require(error).remedy != nil)
        }
        // One that came while the copy was on its way.
        let other = TableName(schema: "shop", table: "other")
        let copy = try await database.load(other, ids: 0..<3, into: destination)
        try database.execute("CREATE TABLE shop.other (a int)")
        await #expect(throws: TargetError.self) { try await destination.publish([copy], retiring: [], of: "s") }
        try await destination.discard([other])
        #expect(try database.leftovers.isEmpty)
        // Nor is another sync's.
        let ours = TableName(schema: "ours", table: "t")
        try await destination.publish([database.load(ours, ids: 0..<3, into: destination)], retiring: [], of: "s")
        let taken = try await database.load(ours, ids: 0..<5, into: destination)
        let error = await #expect(throws: TargetError.self) {
            try await destination.publish([taken], retiring: [], of: "another")
        }
        #expect("\(try #require(error))".contains("belongs to sync \"s\""))
        #expect(try database.execute("SELECT count(*) FROM ours.t") == "3")
        await destination.close()
    }

    /// What a killed run had loaded goes; what another one is loading stays.
    @Test func leftoversAreToldFromLoads() async throws {
        let database = try TestDatabase(.v15)
        let killed = database.destination()
        let running = database.destination()
        _ = try await database.load(orders, ids: 0..<3, into: killed)
        let copy = try await database.load(items, ids: 0..<3, into: running)
        #expect(try database.leftovers.count == 2)
        await killed.close()
        let next = database.destination()
        _ = try await database.load(TableName(schema: "x", table: "y"), ids: 0..<3, into: next)
        #expect(try database.leftovers.sorted() == ["_tandem_load_items", "_tandem_load_y"])
        try await running.publish([copy], retiring: [], of: "s")
        try await next.discard([TableName(schema: "x", table: "y")])
        #expect(try database.leftovers.isEmpty)
        #expect(try await next.teardown().contains("schema tandem"))
        #expect(try database.execute("SELECT count(*) FROM shop.items") == "3")
        #expect(try await next.teardown() == [])
        for destination in [running, next] { await destination.close() }
    }

    @Test func longNamesAreKeptApart() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let names = (0..<2).map { TableName(schema: "shop", table: String(repeating: "ü", count: 31) + "\($0)") }
        var copies: [SyncedTable] = []
        for name in names { copies.append(try await database.load(name, ids: 0..<3, into: destination)) }
        #expect(try Set(database.leftovers).count == 2)
        try await destination.publish(copies, retiring: [], of: "s")
        let tooLong = TableName(schema: "shop", table: String(repeating: "x", count: 64))
        await #expect(throws: PostgresError.self) { try await database.load(tooLong, ids: 0..<3, into: destination) }
        try await destination.discard([tooLong])
        await destination.close()
    }

    /// A reader of the old copy is waited for, and told about.
    @Test func publishWaitsForReaders() async throws {
        let database = try TestDatabase(.v16)
        let reader = try database.session()
        let pid = reader.backendPID
        let notes = Mutex<[String]>([])
        let destination = database.destination { note in
            notes.withLock { $0.append(note) }
            _ = try? database.execute("SELECT pg_terminate_backend(\(pid))")
        }
        try await destination.publish([database.load(orders, ids: 0..<3, into: destination)], retiring: [], of: "s")
        try reader.begin(.readOnly)
        _ = try reader.query("SELECT count(*) FROM shop.orders")
        let copy = try await database.load(orders, ids: 0..<9, into: destination)
        try await destination.publish([copy], retiring: [], of: "s")
        #expect(notes.withLock { $0.count } == 1)
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "9")
        await destination.close()
    }
}

extension TestDatabase {
    /// Loads a sample table, and what `publish` takes of it.
    func load(
        _ name: TableName,
        ids: some Sequence<Int>,
        into destination: PostgresDestination
    ) async throws -> SyncedTable {
        try await load(SampleTable(name, ids: ids), into: destination)
    }

    func load(_ sample: SampleTable, into destination: PostgresDestination) async throws -> SyncedTable {
        let rows = BatchRows(sample.batches(), schema: sample.schema, readers: 2)
        let count = try await destination.load(rows, into: sample.schema.name)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        return SyncedTable(target: sample.schema.name, schema: sample.schema, rows: count, moment: moment)
    }

    /// Tables on their way.
    var leftovers: [String] {
        get throws {
            try execute("SELECT relname FROM pg_class WHERE relname LIKE '\\_tandem\\_load\\_%' AND relkind = 'r'")
                .split(separator: "\n").map(String.init)
        }
    }

    fileprivate var constraints: String {
        get throws {
            try execute(
                "SELECT string_agg(conname, ',') FROM pg_constraint WHERE conrelid = 'shop.orders'::regclass AND contype = 'p'"
            )
        }
    }
}
