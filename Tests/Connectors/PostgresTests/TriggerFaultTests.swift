import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Whatever happens to the table, the log or the triggers: the application's statement succeeds, and no change is lost
/// in silence.
@Suite(.blocking) struct TriggerFaultTests {
    static let levels = [false, true]

    @Test(arguments: PostgresServer.Version.allCases, levels)
    func aRenamedKeyLosesNothing(version: PostgresServer.Version, byRow: Bool) throws {
        let stage = try TriggerStage(
            version,
            before10: byRow,
            "CREATE TABLE t (a int, b int, v int, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 10), (2, 20)"
        )
        try stage.capture("t")
        let mark = try stage.facts("t")?.mark
        // With statements that are planned already, in one session.
        try stage.database.execute(
            """
            UPDATE t SET v = 1; ALTER TABLE t RENAME a TO "x %s"; UPDATE t SET v = 2 WHERE b = 10;
            ALTER TABLE t RENAME b TO a; UPDATE t SET a = 21 WHERE a = 20; ALTER TABLE t RENAME "x %s" TO b;
            INSERT INTO t (b, a) VALUES (3, 30); DELETE FROM t WHERE a = 10
            """
        )
        let expected = ["r 1 10", "r 1 10", "r 1 10", "r 2 20", "r 2 20", "r 2 21", "r 3 30"]
        #expect(try Set(stage.notes("t")) == Set(expected))
        #expect(try stage.gaps("t") == [])
        let facts = try #require(try stage.facts("t"))
        #expect(facts.faults == [.functionOutdated] && facts.isSound)
        _ = try stage.take("t")
        #expect(try stage.capture("t").count == 1)
        try stage.database.execute("UPDATE t SET v = 9 WHERE a = 30")
        #expect(try stage.take("t") == ["r 3 30"])
        #expect(try stage.facts("t")?.mark == mark && stage.facts("t")?.faults == [])
        #expect(try stage.gaps("t") == [])
    }

    @Test(arguments: PostgresServer.Version.allCases, levels)
    func anotherIndexOrNoneLosesNothing(version: PostgresServer.Version, byRow: Bool) throws {
        let stage = try TriggerStage(
            version,
            before10: byRow,
            "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1)"
        )
        try stage.capture("t")
        try stage.database.execute("REINDEX TABLE CONCURRENTLY t")
        try stage.database.execute("UPDATE t SET v = 1")
        #expect(try Set(stage.take("t")) == ["r 1"])
        #expect(try stage.facts("t")?.faults == [.functionOutdated])
        try stage.capture("t")
        #expect(try stage.facts("t")?.faults == [])
        try stage.database.execute("ALTER TABLE t DROP CONSTRAINT t_pkey; UPDATE t SET v = 2; DELETE FROM t")
        #expect(try Set(stage.take("t")) == ["r 1"])
        #expect(try stage.gaps("t") == [])
    }

    @Test(arguments: PostgresServer.Version.allCases, levels)
    func anotherTypeIsAGap(version: PostgresServer.Version, byRow: Bool) throws {
        let stage = try TriggerStage(
            version,
            before10: byRow,
            "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1)"
        )
        try stage.capture("t")
        try stage.database.execute(
            "ALTER TABLE t ALTER id TYPE bigint; INSERT INTO t VALUES (5000000000); INSERT INTO t VALUES (6000000000)"
        )
        let facts = try #require(try stage.facts("t"))
        #expect(facts.gaps == ["A column of the key was dropped, or got another type."])
        #expect(facts.faults.contains(.otherKey) && !facts.isSound)
        try stage.capture("t")
        #expect(try stage.facts("t")?.faults == [])
        #expect(try stage.gaps("t").count == 2)
        try stage.database.execute("UPDATE t SET v = 1 WHERE id = 6000000000")
        #expect(try Set(stage.take("t")) == ["r 6000000000"])
        try stage.database.execute("ALTER TABLE t DROP id; INSERT INTO t VALUES (3); TRUNCATE t")
    }

    @Test(arguments: PostgresServer.Version.allCases, levels)
    func aLogThatIsGoneIsAGap(version: PostgresServer.Version, byRow: Bool) throws {
        let stage = try TriggerStage(version, before10: byRow, "CREATE TABLE t (id int PRIMARY KEY)")
        try stage.capture("t")
        let log = TriggerNames.log(try stage.number("t"))
        try stage.database.execute("DROP TABLE \(log); INSERT INTO t VALUES (1); DELETE FROM t; TRUNCATE t")
        let facts = try #require(try stage.facts("t"))
        #expect(facts.gaps == ["The table that changes are noted in was gone."] && facts.faults.contains(.logGone))
        #expect(try stage.database.execute("SELECT count(*) FROM tandem.gaps") == "1")
        // Another one of its name is none of ours.
        try stage.database.execute("CREATE TABLE \(log) (nothing text); INSERT INTO t VALUES (2)")
        try stage.database.execute("DROP TABLE \(log)")
        try stage.capture("t")
        try stage.database.execute("INSERT INTO t VALUES (3)")
        #expect(try stage.take("t") == ["r 3"])
        #expect(try stage.facts("t")?.faults == [])
        // With everything gone that could say so.
        try stage.database.execute("DROP TABLE \(log), tandem.gaps; INSERT INTO t VALUES (4)")
        try stage.database.execute(
            "SET client_min_messages = error; DROP SCHEMA tandem CASCADE; INSERT INTO t VALUES (5)"
        )
        #expect(try stage.facts("t")?.faults == [.notSetUp])
        try stage.capture("t")
        try stage.database.execute("INSERT INTO t VALUES (6)")
        #expect(try stage.take("t") == ["r 6"])
    }

    /// Those that read what was there at their beginning do not see that others have closed a gap since.
    @Test func aTransactionOfOneMomentNotesItsOwnGap() throws {
        let stage = try TriggerStage(.v16, "CREATE TABLE t (id int PRIMARY KEY)")
        try stage.capture("t")
        let number = try stage.number("t")
        try stage.database.execute("DROP TABLE \(TriggerNames.log(number)); INSERT INTO t VALUES (1)")
        let other = try stage.database.session()
        try other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM tandem.gaps")
        try TriggerGaps(session: stage.session) { _ in }.close([number])
        try other.execute("INSERT INTO t VALUES (2); INSERT INTO t VALUES (3); COMMIT")
        #expect(try stage.database.execute("SELECT count(*) FROM tandem.gaps WHERE is_open") == "1")
        try stage.database.execute("INSERT INTO t VALUES (4)")
        #expect(try stage.database.execute("SELECT count(*) FROM tandem.gaps WHERE is_open") == "1")
    }

    /// A log holds the types of its table's key, until a run finds the table gone.
    @Test func typesOfATableThatIsDropped() async throws {
        let stage = try TriggerStage(
            .v16,
            """
            CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (k e PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY);
            CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)
            """
        )
        try stage.capture("t", "other", "p")
        let function = TriggerNames.function(try stage.number("p"))
        try stage.database.execute("INSERT INTO t VALUES ('a'); ALTER TABLE p DETACH PARTITION p1; DROP TABLE t, p")
        #expect(throws: (any Error).self) { try stage.database.execute("DROP TYPE e") }
        try DroppedCaptures(session: stage.session).remove()
        try stage.database.execute("DROP TYPE e; INSERT INTO p1 VALUES (1); TRUNCATE p1; INSERT INTO other VALUES (1)")
        #expect(try stage.take("other") == ["r 1"] && stage.facts("other")?.faults == [])
        let left = "SELECT count(*) FROM tandem.captures"
        #expect(try stage.database.execute(left) == "1")
        #expect(try stage.database.execute("SELECT to_regproc('\(function)') IS NOT NULL") == "t")
    }

    @Test(arguments: levels) func triggersThatSomebodyDisabled(byRow: Bool) throws {
        let stage = try TriggerStage(.v16, before10: byRow, "CREATE TABLE t (id int PRIMARY KEY)")
        try stage.capture("t")
        let before = try #require(try stage.facts("t"))
        try stage.database.execute("ALTER TABLE t DISABLE TRIGGER USER; INSERT INTO t VALUES (1)")
        let disabled = try #require(try stage.facts("t"))
        let number = try stage.number("t")
        let names = NoteTrigger.needed(byRow: byRow).map { $0.name(for: number) }
        #expect(Set(disabled.faults) == Set(names.map { .triggerDisabled($0, on: TableName("public", "t")) }))
        #expect(!disabled.isSound && !disabled.mark.continues(before.mark))
        try stage.database.execute("ALTER TABLE t ENABLE TRIGGER USER")
        let enabled = try #require(try stage.facts("t"))
        #expect(enabled.isSound && !enabled.mark.continues(before.mark))
        let unnoted = TriggerFault.replicaUnnoted(on: TableName("public", "t"), isFed: false, isMine: true)
        #expect(enabled.faults == [unnoted])
        try stage.capture("t")
        #expect(try stage.facts("t")?.faults == [] && stage.gaps("t") == [])
        try stage.database.execute("ALTER TABLE t DISABLE TRIGGER ALL")
        try stage.capture("t")
        #expect(try stage.facts("t")?.faults == [] && stage.gaps("t").count == 1)
        try stage.database.execute("DROP TRIGGER \(names[0]) ON t")
        #expect(try stage.facts("t")?.faults == [.triggerGone(names[0], on: TableName("public", "t"))])
        try stage.capture("t")
        try stage.database.execute("DROP TRIGGER tandem_note_truncate ON t")
        #expect(try stage.facts("t")?.isSound == false)
        try stage.capture("t")
        let function = TriggerNames.function(try stage.number("t"))
        try stage.database.execute(
            "CREATE OR REPLACE FUNCTION \(function)() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        #expect(try stage.facts("t")?.faults == [.functionChanged])
        try stage.capture("t")
        try stage.database.execute("INSERT INTO t VALUES (2)")
        #expect(try stage.take("t") == ["r 2"])
        let mark = try #require(try stage.facts("t")?.mark)
        #expect(TriggerMark(mark.description) == mark && TriggerMark("nonsense") == nil)
    }

    /// Where only a table's owner can have noted what is replicated.
    @Test(arguments: PostgresServer.Version.allCases)
    func aTableOfAnotherUserThatASubscriptionFills(version: PostgresServer.Version) throws {
        let stage = try TriggerStage(
            version,
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        )
        let role = "guest_" + stage.database.name
        try stage.database.execute(
            """
            CREATE ROLE \(role) LOGIN; GRANT SELECT, TRIGGER ON t, p TO \(role);
            GRANT CREATE ON DATABASE \(stage.database.name) TO \(role)
            """
        )
        var config = stage.config
        config.user = role
        let guest = try Session(config, in: .test)
        defer { guest.close() }
        let tables = try ["t", "p"].map(stage.number)
        func faults() throws -> [TriggerFault] {
            let facts = try TriggerFacts.of(tables, guest, config: stage.config)
            return tables.flatMap { facts.captures[$0]?.faults ?? [] }
        }
        func unnoted(isFed: Bool) -> [TriggerFault] {
            ["t", "p"].map { .replicaUnnoted(on: TableName("public", $0), isFed: isFed && $0 == "t", isMine: false) }
        }
        let setup = TriggerSetup(session: guest, config: stage.config) { _ in }
        try setup.apply(tables)
        #expect(try faults() == unnoted(isFed: false))
        #expect(try setup.apply(tables).isEmpty)
        try stage.database.execute(
            "SET allow_system_table_mods = on; INSERT INTO pg_subscription_rel VALUES (1, 't'::regclass, 'r')"
        )
        #expect(try faults() == unnoted(isFed: true))
        #expect(try faults().map(\.losesChanges) == [true, false])
        // Its owner, or a superuser, can.
        try stage.capture("t", "p")
        #expect(try faults() == [])
        try stage.database.execute("SET allow_system_table_mods = on; DELETE FROM pg_subscription_rel")
        try stage.database.execute("SET session_replication_role = replica; INSERT INTO t VALUES (7)")
        #expect(try stage.take("t") == ["r 7"])
    }

    /// A copy of production as staging: nothing fails there, and nothing grows.
    @Test(arguments: [PostgresServer.Version.v15, .v18], levels)
    func aRestoredDumpIsLeftAlone(version: PostgresServer.Version, byRow: Bool) throws {
        let stage = try TriggerStage(
            version,
            before10: byRow,
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
                + "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); INSERT INTO t VALUES (1)"
        )
        try stage.capture("t")
        if !byRow { try stage.capture("p") }
        let numbers = try [stage.number("t"), stage.number("p")]
        let staging = try stage.database.server.makeDatabase()
        try stage.database.server.copy(stage.database.name, to: staging)
        let restored = TestDatabase(stage.database.server, named: staging)
        try restored.execute(
            "INSERT INTO t VALUES (2); UPDATE t SET id = 3 WHERE id = 1; INSERT INTO p VALUES (1); TRUNCATE t"
        )
        for number in numbers.prefix(byRow ? 1 : 2) {
            #expect(try restored.execute("SELECT count(*) FROM \(TriggerNames.log(number))") == "0")
        }
        #expect(try restored.execute("SELECT count(*) FROM tandem.gaps") == "0")
        // Setting it up there makes what is its own.
        let session = try restored.session()
        let number = UInt32(try restored.execute("SELECT 't'::regclass::oid")) ?? 0
        try TriggerSetup(session: session, config: restored.config) { _ in }.apply([number])
        try restored.execute("INSERT INTO t VALUES (4)")
        #expect(try restored.execute("SELECT k1 FROM \(TriggerNames.log(number))") == "{4}")
        try stage.database.execute("INSERT INTO t VALUES (5)")
        #expect(try stage.take("t") == ["r 5"])
    }

    @Test func aLogThatNobodyReadsStopsWhereItIsToldTo() throws {
        var stage = try TriggerStage(.v18, "CREATE TABLE t (id int PRIMARY KEY)")
        stage.config.maxNotes = ByteSize(20_000)
        stage.config.maxNotesPolicy = .stop
        try stage.capture("t")
        try stage.database.execute("INSERT INTO t SELECT generate_series(1, 10000)")
        #expect(try stage.notes("t").count == 10000 && stage.gaps("t").isEmpty)
        try stage.database.execute("INSERT INTO t VALUES (0); DELETE FROM t WHERE id = 1")
        #expect(try stage.notes("t").count == 10000)
        #expect(try stage.gaps("t") == ["More than 19.5KB of changes had been noted and not been read (max_log)."])
        stage.config.maxNotesPolicy = .warn
        #expect(try stage.facts("t")?.faults == [.functionOutdated])
        try stage.capture("t")
        try stage.database.execute("INSERT INTO t VALUES (20000)")
        #expect(try stage.notes("t").count == 10001)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func teardownLeavesNothing(version: PostgresServer.Version) throws {
        let stage = try TriggerStage(
            version,
            """
            CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); CREATE TABLE gone (id int PRIMARY KEY);
            """
        )
        try stage.capture("t", "p", "gone")
        try stage.database.execute(
            "DROP TABLE gone; INSERT INTO tandem.readers VALUES ('a', '1:1:', now()), ('b', '1:1:', now())"
        )
        let place = try Origin.read(stage.session)
        func tearDown(_ readers: String...) throws -> [String] {
            let records = readers.map { reader in
                let made = MadeObject(sync: reader, project: "", kind: .reader, name: reader, place: place)
                return SourceRecord(sync: reader, made: [made], streams: [])
            }
            var teardown = SourceTeardown()
            try TriggerTeardown(session: stage.session) { _ in }.run(records, at: place, &teardown)
            return teardown.removed
        }
        #expect(try tearDown("a") == [])
        #expect(try stage.database.execute("SELECT string_agg(sync, ',') FROM tandem.readers") == "b")
        try stage.database.execute("CREATE TABLE tandem.streams (id int)")
        let removed = try tearDown("b")
        #expect(removed.count == 7 && removed.contains("what noted the changes of public.gone"))
        #expect(
            try stage.database.execute("SELECT string_agg(relname, ',') FROM pg_class WHERE relname ~ '^(log_|capt)'")
                == ""
        )
        #expect(try stage.database.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tandem%'") == "0")
        try stage.database.execute(
            "INSERT INTO t VALUES (1); INSERT INTO p VALUES (1); TRUNCATE p1; DROP TABLE tandem.streams"
        )
        #expect(try tearDown() == [])
        try stage.capture("t")
        #expect(try tearDown().last == "schema tandem")
        #expect(try stage.database.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'tandem'") == "0")
    }
}

extension PostgresServer {
    /// By `pg_dump`.
    fileprivate func copy(_ database: String, to other: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        let place = "-h \(Self.host) -p \(port) -U \(Self.user)"
        let folder = programs.folder.path
        process.arguments = [
            "-c",
            "'\(folder)/pg_dump' \(place) \(database) | '\(folder)/psql' \(place) -q -v ON_ERROR_STOP=1 -d \(other) > /dev/null",
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}

extension TableName {
    fileprivate init(_ schema: String, _ table: String) { self.init(schema: schema, table: table) }
}
