import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What a plugin sends comes to the tables as they end.
@Suite(.blocking) struct StreamAssemblyTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func everyIdentity(_ version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE keyed (id int PRIMARY KEY, t text, n numeric(8,2), at timestamptz, b bytea);
            CREATE TABLE whole (x int, y text); ALTER TABLE whole REPLICA IDENTITY FULL;
            CREATE TABLE wholekey (a int, b int, c text, PRIMARY KEY (b, a)); ALTER TABLE wholekey REPLICA IDENTITY FULL;
            CREATE TABLE indexed (id int PRIMARY KEY, u int NOT NULL, v text);
            CREATE UNIQUE INDEX by_u ON indexed (u); ALTER TABLE indexed REPLICA IDENTITY USING INDEX by_u;
            CREATE TABLE none (x int);
            INSERT INTO keyed SELECT i, 'row ' || i, i, 'now', '\\x00ff' FROM generate_series(1, 50) i;
            INSERT INTO whole SELECT i % 5, CASE WHEN i % 3 > 0 THEN 'y' END FROM generate_series(1, 50) i;
            INSERT INTO wholekey SELECT i, i % 7, 'c' FROM generate_series(1, 50) i;
            INSERT INTO indexed SELECT i, -i, 'v' FROM generate_series(1, 50) i;
            """
        )
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: ["keyed", "whole", "wholekey", "indexed", "none"])
        try database.execute(
            """
            INSERT INTO keyed VALUES (100, 'new', 1, '2020-01-01', NULL), (101, NULL, NULL, 'infinity', '');
            UPDATE keyed SET t = upper(t) WHERE id < 10;
            UPDATE keyed SET id = id + 1000 WHERE id BETWEEN 20 AND 25;
            DELETE FROM keyed WHERE id BETWEEN 30 AND 35;
            BEGIN; DELETE FROM keyed WHERE id = 1; INSERT INTO keyed VALUES (1, 'again'); COMMIT;
            BEGIN; UPDATE keyed SET id = -1 WHERE id = 2; UPDATE keyed SET id = 2 WHERE id = 3;
            UPDATE keyed SET id = 3 WHERE id = -1; COMMIT;
            BEGIN; INSERT INTO keyed VALUES (200); SAVEPOINT s; INSERT INTO keyed VALUES (201); ROLLBACK TO s; COMMIT;
            DELETE FROM whole WHERE ctid IN (SELECT ctid FROM whole WHERE x = 1 LIMIT 2);
            UPDATE whole SET y = NULL WHERE ctid IN (SELECT ctid FROM whole WHERE x = 2 LIMIT 2);
            INSERT INTO whole VALUES (9, 'nine'), (9, 'nine'); DELETE FROM whole WHERE y IS NULL AND x = 0;
            UPDATE wholekey SET a = a + 1000 WHERE b = 3; DELETE FROM wholekey WHERE b = 4;
            UPDATE wholekey SET c = 'd' WHERE b = 5;
            UPDATE indexed SET id = id + 1000 WHERE id < 5; UPDATE indexed SET u = u - 1000 WHERE id BETWEEN 10 AND 15;
            DELETE FROM indexed WHERE u = -40; UPDATE indexed SET id = 0, u = 0, v = '' WHERE id = 41;
            INSERT INTO none VALUES (1), (1), (NULL);
            """
        )
        try replica.follow(capture)
        try await replica.expectEqual()
        #expect(replica.recopies.isEmpty)
        // From where it was nothing comes twice.
        let count = replica.batches.count
        try replica.follow(capture)
        #expect(replica.batches.count == count)
        try database.execute(
            "BEGIN; INSERT INTO keyed VALUES (5000); TRUNCATE keyed, whole; INSERT INTO keyed VALUES (1); COMMIT"
        )
        try replica.follow(capture)
        try await replica.expectEqual()
    }

    /// A transaction is never taken apart for it.
    @Test func aBatchEndsOnceItHasManyTables() async throws {
        let database = try TestDatabase(.v15)
        let names = (1...6).map { "t\($0)" }
        try database.execute(names.map { "CREATE TABLE \($0) (id int PRIMARY KEY);" }.joined())
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: names)
        replica.limits.tables = 2
        for name in names { try database.execute("INSERT INTO \(name) VALUES (1)") }
        try database.execute("BEGIN;" + names.map { "INSERT INTO \($0) VALUES (2);" }.joined() + "COMMIT")
        try replica.follow(capture)
        try await replica.expectEqual()
        let batches = replica.batches.filter { !$0.stretches.isEmpty }
        #expect(batches.map(\.stretches.count) == [2, 2, 2, 6])
        #expect(batches.allSatisfy { $0.state != nil })
    }
}
