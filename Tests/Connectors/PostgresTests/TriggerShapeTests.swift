import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Tables of which statements do not tell the whole story.
@Suite(.blocking) struct TriggerShapeTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func partitions(version: PostgresServer.Version) throws {
        let stage = try TriggerStage(
            version,
            """
            CREATE TABLE p (id int, v int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
            CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);
            CREATE TABLE p21 PARTITION OF p2 FOR VALUES FROM (100) TO (150);
            """
        )
        try stage.capture("p")
        #expect(try stage.facts("p")?.faults == [])
        let before = try #require(try stage.facts("p")?.mark)
        try stage.database.execute(
            "INSERT INTO p VALUES (1), (101); INSERT INTO p21 VALUES (102); COPY p1 FROM PROGRAM 'echo \"2\t0\"'"
        )
        #expect(try stage.take("p") == ["r 1", "r 101", "r 102", "r 2"])
        try stage.database.execute(
            "UPDATE p SET id = 103 WHERE id = 2; UPDATE p2 SET v = 1 WHERE id = 101; DELETE FROM p21 WHERE id = 102"
        )
        #expect(try Set(stage.take("p")) == ["r 2", "r 103", "r 101", "r 102"])
        // What comes later is noted from its first row; TRUNCATE of it only once it has a trigger of its own.
        try stage.database.execute(
            "CREATE TABLE p22 PARTITION OF p2 FOR VALUES FROM (150) TO (200); INSERT INTO p VALUES (160)"
        )
        try stage.database.execute("SET session_replication_role = replica; INSERT INTO p22 VALUES (161)")
        #expect(try Set(stage.take("p")).isSuperset(of: ["r 160"]))
        let facts = try #require(try stage.facts("p"))
        #expect(
            facts.isSound
                && facts.faults.contains(
                    .partUnwatched(TableName(schema: "public", table: "p22"))
                )
        )
        #expect(facts.mark.continues(before))
        try stage.capture("p")
        #expect(try stage.facts("p")?.faults == [] && stage.gaps("p") == [])
        try stage.database.execute("TRUNCATE p")
        #expect(try stage.take("p") == ["t"] && stage.gaps("p") == [])
        try stage.database.execute("BEGIN; SAVEPOINT s; TRUNCATE p; ROLLBACK TO s; TRUNCATE p22; COMMIT")
        #expect(try stage.gaps("p") == ["A partition was truncated."])
        try stage.database.execute(
            "DELETE FROM tandem.gaps; CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (200) TO (300)"
        )
        try stage.database.execute("INSERT INTO p VALUES (201)")
        try stage.database.execute("TRUNCATE p3")
        try stage.capture("p")
        #expect(try stage.gaps("p") == ["A partition was truncated or rewritten before a trigger could note it."])
        try stage.database.execute("ALTER TABLE p1 DISABLE TRIGGER \(NoteTrigger.row.name(for: try stage.number("p")))")
        #expect(try stage.facts("p")?.mark.continues(before) == false)
        #expect(try stage.facts("p")?.isSound == false)
    }

    /// Each has triggers of its own for rows, and the one that is attached gets those of the other besides.
    @Test(arguments: PostgresServer.Version.allCases)
    func aCapturedTableIsAttachedToAnother(version: PostgresServer.Version) throws {
        let stage = try TriggerStage(
            version,
            """
            CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
            CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY RANGE (id);
            CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (0) TO (100);
            CREATE TABLE n (id int, k int, PRIMARY KEY (id, k)) PARTITION BY RANGE (id);
            CREATE TABLE n1 PARTITION OF n FOR VALUES FROM (0) TO (100);
            CREATE TABLE a (id int, k int, PRIMARY KEY (id, k)); CREATE TABLE b (PRIMARY KEY (id, k)) INHERITS (a);
            CREATE TABLE plain (id int, k int, PRIMARY KEY (id, k));
            """
        )
        try stage.capture("p", "n", "a", "b", "plain")
        try stage.database.execute("ALTER TABLE p ATTACH PARTITION n FOR VALUES IN (3)")
        try stage.database.execute(
            "INSERT INTO p VALUES (1, 1), (2, 3); INSERT INTO n VALUES (3, 3); UPDATE n1 SET id = 4 WHERE id = 3"
        )
        try stage.database.execute(
            "ALTER TABLE p ATTACH PARTITION plain FOR VALUES IN (4); INSERT INTO p VALUES (5, 4)"
        )
        try stage.database.execute("ALTER TABLE b NO INHERIT a; ALTER TABLE p ATTACH PARTITION b FOR VALUES IN (5)")
        try stage.database.execute("INSERT INTO p VALUES (6, 5); DELETE FROM b; TRUNCATE n")
        #expect(try stage.take("p") == ["r 1 1", "r 2 3", "r 3 3", "r 4 3", "r 5 4", "r 6 5"])
        try stage.capture("p")
        #expect(try stage.facts("p")?.faults == [])
        try stage.database.execute("TRUNCATE p11; INSERT INTO p VALUES (7, 3)")
        #expect(try stage.take("p") == ["r 7 3"])
        try stage.database.execute("ALTER TABLE p DETACH PARTITION n; INSERT INTO n VALUES (8, 3); TRUNCATE n")
        try stage.capture("n")
        try stage.database.execute("DELETE FROM tandem.gaps; INSERT INTO n VALUES (9, 3)")
        #expect(try stage.take("n").contains("r 9 3") && stage.facts("n")?.faults == [])
        try stage.database.execute("CREATE TABLE l (LIKE p INCLUDING ALL); INSERT INTO l VALUES (1, 1)")
    }

    /// Also in a session that has used the triggers before.
    @Test(arguments: PostgresServer.Version.allCases)
    func aKeyColumnChangesItsTypeAmidStatements(version: PostgresServer.Version) throws {
        let stage = try TriggerStage(
            version,
            """
            CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
            """
        )
        try stage.capture("t", "p")
        try stage.database.execute(
            """
            INSERT INTO t VALUES (1), (2); UPDATE t SET v = 2; INSERT INTO p VALUES (1);
            ALTER TABLE t ALTER id TYPE bigint; INSERT INTO t VALUES (3); UPDATE t SET id = id + 10; DELETE FROM t;
            ALTER TABLE p RENAME id TO nr; INSERT INTO p VALUES (2); UPDATE p SET nr = nr + 10; TRUNCATE p;
            ALTER TABLE t DROP COLUMN id; INSERT INTO t VALUES (3)
            """
        )
        #expect(try stage.gaps("t") == ["A column of the key was dropped, or got another type."])
        #expect(try stage.gaps("p") == [])
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func inheritance(version: PostgresServer.Version) throws {
        let stage = try TriggerStage(
            version,
            """
            CREATE TABLE a (id int PRIMARY KEY, v int); CREATE TABLE b (PRIMARY KEY (id)) INHERITS (a);
            CREATE TABLE plain (id int PRIMARY KEY, v int);
            INSERT INTO a VALUES (1); INSERT INTO b VALUES (2); INSERT INTO plain VALUES (3);
            """
        )
        try stage.capture("a", "b", "plain")
        try stage.database.execute("UPDATE a SET v = 1")
        #expect(try stage.take("a") == ["r 1"] && stage.take("b") == ["r 2"])
        try stage.database.execute("TRUNCATE a")
        #expect(try stage.take("a") == ["t"] && stage.take("b") == ["t"])
        try stage.database.execute("ALTER TABLE plain INHERIT a; UPDATE a SET v = 2")
        let facts = try #require(try stage.facts("plain"))
        #expect(facts.faults.contains(.otherLevel) && !facts.isSound)
        try stage.capture("plain")
        try stage.database.execute("UPDATE a SET v = 3")
        #expect(try stage.take("plain") == ["r 3"] && stage.gaps("plain").count == 1)
        #expect(try stage.facts("plain")?.faults == [])
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func whatAStatementDoesElsewhere(version: PostgresServer.Version) throws {
        let stage = try TriggerStage(
            version,
            """
            CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
            INSERT INTO a VALUES (1), (2), (3); INSERT INTO b VALUES (11, 1), (12, 1), (21, 2), (31, 3);
            CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF pg_trigger_depth() = 1 THEN INSERT INTO a VALUES (NEW.id + 1); UPDATE a SET id = id + 1000 WHERE id = NEW.id; END IF;
              RETURN NULL; END $$;
            CREATE TRIGGER more AFTER INSERT ON a FOR EACH ROW EXECUTE PROCEDURE more();
            """
        )
        try stage.capture("a", "b")
        try stage.database.execute("DELETE FROM a WHERE id IN (1, 2)")
        #expect(try stage.take("a") == ["r 1", "r 2"] && stage.take("b") == ["r 11", "r 12", "r 21"])
        try stage.database.execute("UPDATE a SET id = 4 WHERE id = 3")
        #expect(try stage.take("a") == ["r 3", "r 4"] && stage.take("b") == ["r 31"])
        try stage.database.execute("INSERT INTO a VALUES (50), (60)")
        #expect(try Set(stage.take("a")) == ["r 50", "r 60", "r 51", "r 61", "r 1050", "r 1060"])
        try stage.database.execute("TRUNCATE a CASCADE")
        #expect(try stage.take("a") == ["t"] && stage.take("b") == ["t"])
        try stage.database.execute(
            "WITH x AS (INSERT INTO a VALUES (5) RETURNING id) INSERT INTO b SELECT 51, id FROM x"
        )
        #expect(try Set(stage.take("a")).isSuperset(of: ["r 5"]) && Set(stage.take("b")) == ["r 51"])
    }
}
