import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct RecordShapeTests {
    /// A condition finds the table's columns, and is judged by the server in the same statement.
    @Test(arguments: RecordStage.versions) func scopesAreToldOfWhatIsReadAndStored(
        _ version: PostgresServer.Version
    ) async throws {
        let stage = try await RecordStage(
            version,
            """
            CREATE TABLE t (id serial PRIMARY KEY, "order" text, gone_at timestamptz);
            INSERT INTO t ("order", gone_at) VALUES ('a', NULL), ('b', '2024-01-01'), ('c', NULL)
            """
        )
        let shape = try await stage.shape("t", scope: "gone_at IS NULL AND t.\"order\" <> 'c' -- and no more")
        let records = try await stage.read(1, 2, 3, of: shape)
        #expect(records.map(\.isInScope) == [true, false, false])
        let moved = try await stage.store.write(.update(records[0], fields: [1: .number(0)]), of: shape)
        #expect(moved?.record?.isInScope == false)
        #expect(try await stage.store.write(.create([0: .text("n")]), of: shape)?.record?.isInScope == true)
        #expect(try await stage.store.find([[.text("b")], [.text("n")]], in: [0], of: shape).count == 2)
        await stage.store.close()
    }

    @Test(arguments: RecordStage.versions) func keysOfSeveralColumnsAndHostileNames(
        _ version: PostgresServer.Version
    ) async throws {
        let (schema, table) = ("s\"; DROP --", "t'.\"x\"\\")
        let name = SQL.name(TableName(schema: schema, table: table))
        let columns = ["k\"1", "K 2", "_tandem_k0", "e\u{301}"].map(SQL.identifier)
        let stage = try await RecordStage(
            version,
            """
            CREATE SCHEMA \(SQL.identifier(schema)); CREATE TABLE \(name) (
              \(columns[0]) text, \(columns[2]) text, \(columns[1]) int8, \(columns[3]) numeric,
              PRIMARY KEY (\(columns[1]), \(columns[0])));
            INSERT INTO \(name) SELECT n % 2, n, n / 2, n FROM generate_series(0, 49) n
            """
        )
        let shape = try await stage.shape(table, schema: schema)
        #expect(shape.key.map(\.name) == ["K 2", "k\"1"])
        var (all, last): ([Record], RowKey?) = ([], nil)
        while true {
            let page = try await stage.store.scan(shape, after: last, limit: 7)
            all += page
            last = page.last?.key
            if page.count < 7 { break }
        }
        #expect(all.count == 50 && Set(all.map(\.key)).count == 50)
        let some = [3, 48, 17].map { all[$0] }
        #expect(Set(try await stage.store.read(some.map(\.key), of: shape)) == Set(some))
        let writes = some.enumerated().map { index, record in
            RecordWrite(id: index, shape: shape, change: .update(record, fields: [0: .text("w\(index)"), 1: .null]))
        }
        let outcomes = try await stage.store.write(writes)
        for index in 0..<3 {
            #expect(outcomes[index]?.record?.key == some[index].key)
            #expect(outcomes[index]?.record?.fields == [.text("w\(index)"), .null])
        }
        let pairs: [[Value]] = [[.text("w1"), .text("5")], [all[9].fields[0], all[9].fields[1]]]
        #expect(try await stage.store.find(pairs, in: [0, 1], of: shape) == [all[9]])
        await stage.store.close()
    }

    /// Whatever triggers make of a value after it was written is what is stored.
    @Test(arguments: RecordStage.versions) func triggersThatRewrite(_ version: PostgresServer.Version) async throws {
        let stage = try await RecordStage(
            version,
            """
            CREATE TABLE t (id serial PRIMARY KEY, low text, late text, total int DEFAULT 0);
            CREATE TABLE log (t int);
            CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW.low = 'refused' THEN RETURN OLD; END IF;
              IF NEW.low = 'dropped' THEN RETURN NULL; END IF;
              IF NEW.low = 'raised' THEN RAISE EXCEPTION 'no %', NEW.low USING ERRCODE = '23505'; END IF;
              NEW.low = lower(NEW.low); RETURN NEW; END $$;
            CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              UPDATE t SET total = total + 1 WHERE id = NEW.id; INSERT INTO log VALUES (NEW.id); RETURN NULL; END $$;
            CREATE TRIGGER low BEFORE INSERT OR UPDATE OF low ON t FOR EACH ROW EXECUTE FUNCTION low();
            CREATE TRIGGER late AFTER INSERT OR UPDATE OF late ON t FOR EACH ROW EXECUTE FUNCTION late()
            """
        )
        let shape = try await stage.shape("t")
        let made = try #require(try await stage.store.write(.create([0: .text("ABC")]), of: shape)?.record)
        #expect(made.fields == [.text("abc"), .null, .number(1)])
        let update = RecordWrite.Change.update(made, fields: [0: .text("X"), 1: .text("Y")])
        let changed = try #require(try await stage.store.write(update, of: shape)?.record)
        #expect(changed.fields == [.text("x"), .text("Y"), .number(2)])
        #expect(try await stage.store.read([changed.key], of: shape) == [changed])
        let writes = ["dropped", "raised"].enumerated().map { index, word in
            RecordWrite(id: index, shape: shape, change: .update(changed, fields: [0: .text(word)]))
        }
        let outcomes = try await stage.store.write(writes)
        #expect(outcomes[0]?.rejection?.code == "27000")
        #expect(outcomes[1]?.rejection?.cause == "a trigger refuses it")
        #expect(try await stage.store.read([changed.key], of: shape) == [changed])
        await stage.store.close()
    }

    @Test(arguments: RecordStage.versions) func partitionedTables(_ version: PostgresServer.Version) async throws {
        let stage = try await RecordStage(
            version,
            """
            CREATE TABLE t (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
            CREATE TABLE t1 (v text, junk int, id int NOT NULL); ALTER TABLE t1 DROP COLUMN junk;
            ALTER TABLE t ATTACH PARTITION t1 FOR VALUES FROM (0) TO (10);
            CREATE TABLE t2 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, 'a'), (20, 'b')
            """
        )
        #expect(try await stage.store.describe().map(\.name.table) == ["t"])
        let shape = try await stage.shape("t", fields: ["id", "v"])
        let records = try await stage.read(1, 20, of: shape)
        let writes: [RecordWrite.Change] = [
            .update(records[0], fields: [0: .number(30)]), .update(records[1], fields: [1: .text("B")]),
            .create([0: .number(5), 1: .text("n")]), .create([0: .number(50), 1: .text("n")]),
        ]
        let outcomes = try await stage.store.write(
            writes.enumerated().map { RecordWrite(id: $0, shape: shape, change: $1) }
        )
        let stored = (0..<4).compactMap { outcomes[$0]?.record }
        #expect(stored.map(\.fields[0]) == [.number(30), .number(20), .number(5), .number(50)])
        #expect(Set(try await stage.store.read(stored.map(\.key), of: shape)) == Set(stored))
        await stage.store.close()
    }
}

extension RecordShapeTests {
    /// What is known of a table is looked up again once it turns out to be wrong.
    @Test func tablesThatChangeMeanwhile() async throws {
        let stage = try await RecordStage(
            .v16,
            "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 2)"
        )
        let shape = try await stage.shape("t")
        #expect(try await stage.read(1, of: shape).first?.fields == [.number(2)])
        try stage.database.execute("ALTER TABLE t ALTER v TYPE float8; ALTER TABLE t RENAME TO u")
        await #expect(throws: PostgresError.self) { try await stage.read(1, of: shape) }
        await #expect(throws: PostgresError.self) { try await stage.read(1, of: shape) }
        let other = try await stage.shape("u")
        #expect(try await stage.read(1, of: other).first?.fields == [.number(Int128(2.0.bitPattern))])
        try stage.database.execute("ALTER TABLE u RENAME v TO w; ALTER TABLE u SET SCHEMA information_schema")
        await #expect(throws: PostgresError.self) { try await stage.read(1, of: other) }
        #expect(try await stage.read(1, of: other).count == 1)
        await stage.store.close()
    }
}
