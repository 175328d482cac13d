import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct CatalogTests {
    private func tables(
        _ database: TestDatabase,
        as user: String? = nil,
        version: Int? = nil
    ) throws -> [String: PostgresTable] {
        var config = database.config
        if let user { config.user = user }
        let session = try Session(config, in: .test) { if let version { $0.version = version } }
        let tables = try CatalogReader(session).tables()
        return Dictionary(uniqueKeysWithValues: tables.map { ($0.name.description, $0) })
    }

    private func reason(_ table: PostgresTable?, _ method: Method = .fullTable) -> String? {
        guard case .unusable(let reason, _) = table?.methods[method] else { return nil }
        return reason
    }

    private func note(_ table: PostgresTable?, _ method: Method = .fullTable) -> String? {
        guard case .usable(let note) = table?.methods[method] else { return nil }
        return note
    }

    /// The snapshot shows it still, and the functions that are asked about it do not know it any more.
    @Test(arguments: PostgresServer.Version.allCases)
    func aTableThatIsDroppedMeanwhileIsNoTableWithoutGrants(version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        try database.execute("CREATE TABLE here (id int PRIMARY KEY); CREATE TABLE gone (id int PRIMARY KEY)")
        let session = try database.session()
        try session.transaction(.snapshot) {
            #expect(try CatalogReader(session).tables(isComplete: true).count == 2)
            try database.execute("DROP TABLE gone; CREATE TABLE gone (id int PRIMARY KEY)")
            #expect(try CatalogReader(session).tables().map(\.name.table) == ["here"])
            let error = #expect(throws: PostgresError.self) { try CatalogReader(session).tables(isComplete: true) }
            #expect(
                error?.isTransient == true && error.map { "\($0)".contains("public.gone has been dropped") } == true
            )
        }
        #expect(try CatalogReader(session).tables(isComplete: true).count == 2)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func listsEveryKind(version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE plain (id int PRIMARY KEY, at timestamptz, note text);
            INSERT INTO plain SELECT i, now(), 'n' FROM generate_series(1, 500) i; ANALYZE plain;
            CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY);
            CREATE TEMPORARY TABLE passing (id int);
            CREATE TABLE nothing ();
            CREATE VIEW seen AS SELECT * FROM plain;
            CREATE MATERIALIZED VIEW kept AS SELECT * FROM plain;
            CREATE MATERIALIZED VIEW empty AS SELECT * FROM plain WITH NO DATA;
            CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (extra int) INHERITS (parent);
            CREATE TYPE shape AS (a int, b text); CREATE TABLE typed OF shape (PRIMARY KEY (a));
            CREATE TABLE parted (id int, part text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
            CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
            CREATE TABLE parted_b PARTITION OF parted FOR VALUES IN ('b') PARTITION BY RANGE (id);
            CREATE TABLE parted_b1 PARTITION OF parted_b FOR VALUES FROM (0) TO (1000);
            INSERT INTO parted SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 100) i;
            ANALYZE parted_a; ANALYZE parted_b1;
            """
        )
        let tables = try tables(database)
        #expect(
            Set(tables.keys) == [
                "public.plain", "public.fleeting", "public.nothing", "public.seen", "public.kept", "public.empty",
                "public.parent", "public.child", "public.typed", "public.parted",
            ]
        )
        let plain = try #require(tables["public.plain"])
        #expect(plain.schema.columns.map(\.name) == ["id", "at", "note"])
        #expect(plain.schema.columns.map(\.type) == [.int32, .timestampTZ, .text])
        #expect(plain.schema.columns.map(\.id) == [1, 2, 3])
        #expect(plain.identity == [0])
        #expect(plain.estimatedRows == 500)
        #expect((plain.bytes ?? 0) >= 16_384)
        #expect(
            plain.methods == [
                .fullTable: .usable(note: nil), .logBased: .usable(note: nil),
                .incremental: .usable(
                    note: "It needs a cursor that grows with every insert and update; candidates: \"at\", \"id\"."
                ),
                .triggerBased: .usable(
                    note: "Every change then writes one row more, in the application's own transaction."
                ),
            ]
        )
        #expect(reason(tables["public.fleeting"], .logBased) == "An unlogged table leaves nothing in the log.")
        #expect(tables["public.nothing"]?.columns.isEmpty == true)
        #expect(note(tables["public.nothing"]) == nil && reason(tables["public.nothing"]) == nil)
        #expect(reason(tables["public.nothing"], .incremental) != nil)
        #expect(tables["public.seen"]?.kind == .view)
        #expect(reason(tables["public.seen"]) == nil && reason(tables["public.seen"], .triggerBased) != nil)
        #expect(tables["public.kept"]?.kind == .materializedView && reason(tables["public.kept"]) == nil)
        #expect(reason(tables["public.empty"]) == "The materialized view has not been populated.")
        for half in ["parent", "child"] { #expect(note(tables["public.\(half)"])?.contains("inheritance") == true) }
        let parted = try #require(tables["public.parted"])
        #expect(parted.kind == .partitionedTable)
        #expect(parted.estimatedRows == 100)
        #expect((parted.bytes ?? 0) >= 32_768)
        #expect(parted.identity == [0, 1])
        #expect(note(parted) == nil && reason(parted) == nil)
    }

    /// Whose changes the log would tell in part only.
    @Test(arguments: PostgresServer.Version.allCases)
    func partitionsOutsideTheLog(version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE split (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE split_deep PARTITION OF split FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
            CREATE UNLOGGED TABLE split_deeper PARTITION OF split_deep FOR VALUES FROM (0) TO (10);
            CREATE TABLE far (id int) PARTITION BY RANGE (id);
            ALTER TABLE far REPLICA IDENTITY FULL;
            CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER away FOREIGN DATA WRAPPER nowhere;
            CREATE FOREIGN TABLE far_away PARTITION OF far FOR VALUES FROM (0) TO (10) SERVER away;
            """
        )
        let tables = try tables(database)
        #expect(reason(tables["public.split"], .logBased)?.contains("split_deeper is unlogged") == true)
        #expect(reason(tables["public.far"], .logBased)?.contains("far_away is a foreign table") == true)
        #expect(reason(tables["public.split"]) == nil)
        try database.execute("DROP FOREIGN TABLE far_away")
        // The application's own statements would fail in a partition that it makes one day.
        let far = reason(try self.tables(database)["public.far"], .logBased)
        #expect(far?.contains("made later would have no replica identity") == true, "\(far ?? "no reason")")
        try database.execute("ALTER TABLE split_deeper SET LOGGED")
        #expect(reason(try self.tables(database)["public.split"], .logBased) == nil)
    }

    @Test func oddNames() throws {
        let database = try TestDatabase(.v18)
        let names = [
            "with space", "quo\"te", "dot.ted", "UPPER", "🐘", "it's", "back\\slash", "new\nline", "select",
            String(repeating: "x", count: 63), String(repeating: "é", count: 31) + "x", "%s", "$1",
        ]
        for name in names {
            let quoted = SQL.identifier(name)
            try database.execute(
                "CREATE SCHEMA \(quoted); CREATE TABLE \(quoted).\(quoted) (\(quoted) int PRIMARY KEY)"
            )
        }
        let tables = try tables(database)
        for name in names {
            let table = try #require(tables["\(name).\(name)"])
            #expect(table.name == TableName(schema: name, table: name))
            #expect(table.columns.map(\.name) == [name])
            #expect(table.identity == [0])
        }
        #expect(tables.count == names.count)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func aKeyIsTheBestThereIs(version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE two (a int NOT NULL, b int NOT NULL, c int NOT NULL, d int);
            CREATE UNIQUE INDEX ON two (a, b); CREATE UNIQUE INDEX ON two (c) INCLUDE (d);
            CREATE UNIQUE INDEX ON two (d);
            CREATE TABLE partial (a int NOT NULL, b int NOT NULL);
            CREATE UNIQUE INDEX ON partial (a) WHERE b > 0; CREATE UNIQUE INDEX ON partial ((a + b));
            CREATE TABLE deferred (a int NOT NULL UNIQUE DEFERRABLE);
            CREATE TABLE identified (a int NOT NULL, b int NOT NULL, UNIQUE (a));
            CREATE UNIQUE INDEX chosen ON identified (b, a);
            ALTER TABLE identified REPLICA IDENTITY USING INDEX chosen;
            CREATE TABLE late (a int, b int PRIMARY KEY DEFERRABLE);
            CREATE TABLE bare (a int NOT NULL UNIQUE); ALTER TABLE bare REPLICA IDENTITY FULL;
            CREATE TABLE mute (a int PRIMARY KEY); ALTER TABLE mute REPLICA IDENTITY NOTHING;
            """
        )
        let tables = try tables(database)
        #expect(tables["public.two"]?.identity == [2])
        #expect(tables["public.partial"]?.identity == [])
        #expect(tables["public.deferred"]?.identity == [])
        #expect(tables["public.identified"]?.identity == [1, 0])
        #expect(tables["public.late"]?.identity == [1])
        #expect(reason(tables["public.identified"], .logBased) == nil)
        #expect(reason(tables["public.bare"], .logBased) == nil)
        #expect(reason(tables["public.late"], .logBased)?.contains("no primary key") == true)
        #expect(
            reason(tables["public.mute"], .logBased)
                == "Its replica identity is NOTHING, so the log does not tell which rows are updated or deleted."
        )
        // What a remedy says, the server takes, and then there is no obstacle any more.
        for name in ["two", "partial", "late", "mute"] {
            guard case .unusable(_, let remedy?) = tables["public.\(name)"]?.methods[.logBased] else {
                Issue.record("\(name) has no remedy")
                continue
            }
            try database.execute(remedy.sql.joined(separator: ";"))
        }
        let mended = try self.tables(database)
        for name in ["two", "partial", "late", "mute"] { #expect(reason(mended["public.\(name)"], .logBased) == nil) }
    }

    @Test func nullsUnderAnUncheckedConstraintAreNoKey() throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            "CREATE TABLE t (a int UNIQUE); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID"
        )
        #expect(try tables(database)["public.t"]?.identity == [])
        try database.execute("ALTER TABLE t VALIDATE CONSTRAINT n")
        #expect(try tables(database)["public.t"]?.identity == [0])
    }

    /// The questions for old servers are understood by new ones, and answered the same.
    @Test(arguments: [90_421, 90_516, 90_612, 100_007, 110_002, 120_000, 130_000, 140_000, 150_000])
    func questionsOfOldServers(version: Int) throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE a (id int PRIMARY KEY, other int[]); CREATE VIEW v AS SELECT * FROM a;
            INSERT INTO a VALUES (1), (2); ANALYZE a;
            """
        )
        let tables = try tables(database, version: version)
        #expect(tables["public.a"]?.estimatedRows == 2)
        #expect(tables["public.a"]?.identity == [0])
        #expect(tables["public.a"]?.columns.map(\.native.type) == [.int32, .list(.int32)])
        #expect(tables["public.v"]?.kind == .view)
        #expect(tables.count == 2)
        #expect(reason(tables["public.a"], .logBased) == nil)
    }

    @Test(arguments: [(90_420, "9.4.21"), (90_515, "9.5.16"), (90_611, "9.6.12"), (100_006, "10.7"), (110_001, "11.2")])
    func brokenReleasesAreNotDecoded(version: Int, floor: String) throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE a (id int PRIMARY KEY)")
        guard
            case .unusable(let reason, let remedy) = try tables(database, version: version)["public.a"]?.methods[
                .logBased
            ]
        else { return #expect(Bool(false)) }
        #expect(reason.contains("#15114"))
        #expect(remedy?.text.contains(floor) == true)
    }
}
