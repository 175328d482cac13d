import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Partitions that come and go with their rows, of which nothing is in the log.
@Suite(.blocking) struct FollowedPartitionTests {
    private static let setup = """
        CREATE TABLE events (id int, region text, note text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
        CREATE TABLE north PARTITION OF events FOR VALUES IN ('north');
        CREATE TABLE south PARTITION OF events FOR VALUES IN ('south');
        INSERT INTO events VALUES (1, 'north', 'a'), (2, 'south', 'b');
        """

    /// Why the table was copied again, once `sql` had been executed.
    private func reasons(_ shop: FollowedDatabase, after sql: String) async throws -> [String] {
        try shop.database.execute(sql)
        let reasons = Mutex<[String]>([])
        let result = try await shop.run { event in
            if case .copyingAgain(_, let reason) = event { reasons.withLock { $0.append(reason) } }
        }
        // What is detached is a table of its own.
        let copied = result.report.outcomes.filter { $0.copy.target.table == "events" }
        #expect(copied.count == reasons.withLock(\.count), "\(sql)")
        let rows = try await shop.ask("SELECT id, region, note FROM events ORDER BY id").map {
            $0.joined(separator: " ")
        }
        let source = try shop.database.execute(
            "SELECT coalesce(string_agg(concat_ws(' ', id, region, note), ',' ORDER BY id), '') FROM events"
        )
        #expect(rows.joined(separator: ",") == source, "\(sql)")
        return reasons.withLock(\.self)
    }

    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func partitionsMadeAsSuchAreFollowed(version: PostgresServer.Version) async throws {
        let shop = try FollowedDatabase(version, Self.setup)
        try await shop.run()
        let steps = [
            """
            CREATE TABLE east PARTITION OF events FOR VALUES IN ('east'); INSERT INTO events VALUES (3, 'east', 'c')
            """,
            "INSERT INTO east VALUES (4, 'east', 'd'); UPDATE events SET note = 'e' WHERE id < 3",
            """
            CREATE TABLE rest PARTITION OF events FOR VALUES IN ('ne', 'nw') PARTITION BY LIST (region);
            CREATE TABLE ne PARTITION OF rest FOR VALUES IN ('ne'); INSERT INTO events VALUES (5, 'ne', 'f')
            """,
            "CREATE TABLE nw PARTITION OF rest FOR VALUES IN ('nw'); UPDATE events SET region = 'nw' WHERE id = 5",
            "ALTER TABLE events ADD COLUMN more int DEFAULT 7; DELETE FROM east",
        ]
        for step in steps { #expect(try await reasons(shop, after: step).isEmpty, "\(step)") }
        try await shop.tearDown()
    }

    @Test(arguments: ["15 pgoutput", "15 wal2json", "18 pgoutput"])
    func rowsComeAndGoWithPartitions(way: String) async throws {
        var shop = try FollowedDatabase(way.hasPrefix("15") ? .v15 : .v18, Self.setup)
        shop.plugin = String(way.dropFirst(3))
        try await shop.run()
        let filled = """
            CREATE TABLE west (id int NOT NULL, region text NOT NULL, note text);
            INSERT INTO west VALUES (10, 'west', 'x'), (11, 'west', 'y');
            """
        let attach = "ALTER TABLE events ATTACH PARTITION west FOR VALUES IN ('west');"
        let nested = """
            CREATE TABLE outer_part (LIKE events) PARTITION BY LIST (region);
            CREATE TABLE inner_part PARTITION OF outer_part FOR VALUES IN ('inner');
            INSERT INTO outer_part VALUES (20, 'inner', 'z');
            ALTER TABLE events ATTACH PARTITION outer_part FOR VALUES IN ('inner');
            """
        let steps = [
            (filled + attach, "was attached"),
            ("ALTER TABLE events DETACH PARTITION west; UPDATE events SET note = 'u'", "detached or dropped"),
            ("BEGIN; DROP TABLE west; \(filled) \(attach) COMMIT", "was attached"),
            ("DROP TABLE west", "detached or dropped"),
            (
                "ALTER TABLE events DETACH PARTITION south; INSERT INTO south VALUES (12, 'south', 'z'); "
                    + "ALTER TABLE events ATTACH PARTITION south FOR VALUES IN ('south')", "detached meanwhile"
            ),
            (nested, "was attached"),
            ("DROP TABLE inner_part", "detached or dropped"),
        ]
        for (step, reason) in steps {
            let reasons = try await reasons(shop, after: step)
            #expect(reasons.count == 1 && reasons.allSatisfy { $0.contains(reason) }, "\(step): \(reasons)")
        }
        #expect(try await reasons(shop, after: "INSERT INTO south VALUES (30, 'south', 'n')").isEmpty)
        try await shop.tearDown()
    }

    /// The catalog tells nothing of it, and the log tells of the rows that came.
    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func rowsOfAPartitionThatCameAndWentBetweenTwoRunsAreGone(version: PostgresServer.Version) async throws {
        let shop = try FollowedDatabase(version, Self.setup)
        try await shop.run()
        let brief = """
            CREATE TABLE brief PARTITION OF events FOR VALUES IN ('brief'); INSERT INTO events VALUES (9, 'brief', 'x');
            """
        #expect(try await reasons(shop, after: brief + "DROP TABLE brief").count == 1)
        #expect(try await reasons(shop, after: brief + "ALTER TABLE events DETACH PARTITION brief").count == 1)
        #expect(try await reasons(shop, after: "INSERT INTO north VALUES (8, 'north', 'y')").isEmpty)
        try await shop.tearDown()
    }

    @Test func aPartitionThatIsAttachedBetweenPlanAndCopyIsInIt() async throws {
        let shop = try FollowedDatabase(.v16, Self.setup)
        let filled = """
            CREATE TABLE west (id int NOT NULL, region text NOT NULL, note text);
            INSERT INTO west VALUES (10, 'west', 'x'), (11, 'west', 'y');
            ALTER TABLE events ATTACH PARTITION west FOR VALUES IN ('west'); INSERT INTO events VALUES (13, 'west', 'z')
            """
        try await shop.run { event in
            guard case .planned = event else { return }
            _ = try? shop.database.execute(filled)
        }
        #expect(try await reasons(shop, after: "DELETE FROM events WHERE id = 10").isEmpty)
        try await shop.tearDown()
    }
}
