import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// What an application does to followed tables, by each method: `docs/application-statements.md`, whose table is what
/// is expected here, line by line.
@Suite(.blocking) struct ApplicationStatementTests {
    /// A column of the table in the documentation.
    struct Way: CustomTestStringConvertible, Sendable {
        var heading: String
        var method: Method
        var plugin = "auto"
        var testDescription: String { heading }
    }

    static let ways = [
        Way(heading: "LOG_BASED, pgoutput", method: .logBased, plugin: "pgoutput"),
        Way(heading: "LOG_BASED, wal2json", method: .logBased, plugin: "wal2json"),
        Way(heading: "TRIGGER_BASED", method: .triggerBased),
        Way(heading: "INCREMENTAL", method: .incremental),
        Way(heading: "FULL_TABLE", method: .fullTable),
    ]

    /// A line of it: what is done to a table `t`, which has a name of its own here.
    struct Line: Sendable {
        /// As the documentation writes it, between backquotes.
        var statement: String
        /// Before the first run, beside the table itself.
        var more = ""
        /// Where the documentation's words are not what is to be run.
        var sql: String?
        /// The name of the table afterwards. `nil` for one that is gone.
        var after: String? = "t"
        /// What the application does next.
        var change = """
            INSERT INTO t (id, v) VALUES (4, 'new');
            UPDATE t SET v = 'changed', n = nextval('clock') WHERE id = 1; DELETE FROM t WHERE id = 2
            """
        /// What must be the same at both ends.
        var columns = "id, v"
        /// What is made instead of the plain table.
        var table = """
            CREATE TABLE t (id int PRIMARY KEY, v text, n bigint NOT NULL DEFAULT nextval('clock'))
            """

        func text(_ sql: String, _ number: Int) -> String {
            sql.replacing(/\bt(?=\b|_)/.wordBoundaryKind(.simple), with: "t\(number)")
        }
    }

    static let lines = [
        Line(statement: "INSERT, UPDATE, DELETE", sql: ""),
        Line(statement: "TRUNCATE t"),
        Line(
            statement: "TRUNCATE parent CASCADE",
            more: "CREATE TABLE t_up (k int PRIMARY KEY); ALTER TABLE t ADD p int REFERENCES t_up;",
            sql: "TRUNCATE t_up CASCADE"
        ),
        Line(statement: "ALTER TABLE t ADD COLUMN", sql: "ALTER TABLE t ADD w text DEFAULT 'w'", columns: "id, v, w"),
        Line(statement: "ALTER TABLE t DROP COLUMN", more: "ALTER TABLE t ADD w text;", sql: "ALTER TABLE t DROP w"),
        Line(
            statement: "ALTER TABLE t RENAME COLUMN",
            sql: "ALTER TABLE t RENAME v TO word",
            change: "INSERT INTO t (id, word) VALUES (4, 'new'); DELETE FROM t WHERE id = 2",
            columns: "id, word"
        ),
        Line(
            statement: "ALTER TABLE t ALTER COLUMN … TYPE",
            more: "ALTER TABLE t ADD w int DEFAULT 7;",
            sql: "ALTER TABLE t ALTER w TYPE bigint USING w * 10",
            columns: "id, v, w"
        ),
        Line(statement: "the same of a key column", sql: "ALTER TABLE t ALTER id TYPE bigint"),
        Line(
            statement: "ALTER TABLE t RENAME TO",
            sql: "ALTER TABLE t RENAME TO t_new",
            after: "t_new",
            change: "INSERT INTO t_new (id, v) VALUES (4, 'new'); DELETE FROM t_new WHERE id = 2"
        ),
        Line(
            statement: "ALTER TABLE t SET SCHEMA",
            sql: "ALTER TABLE t SET SCHEMA other",
            after: "other.t",
            change: "INSERT INTO other.t (id, v) VALUES (4, 'new'); DELETE FROM other.t WHERE id = 2"
        ),
        Line(statement: "ALTER TABLE t DROP CONSTRAINT", sql: "ALTER TABLE t DROP CONSTRAINT t_pkey"),
        Line(
            statement: "ALTER TABLE t DROP COLUMN of the key",
            more: "ALTER TABLE t ADD w int DEFAULT 1, DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id, w);",
            sql: "ALTER TABLE t DROP w"
        ),
        Line(statement: "ALTER TABLE t REPLICA IDENTITY NOTHING"),
        Line(statement: "ALTER TABLE t REPLICA IDENTITY FULL"),
        Line(statement: "ALTER TABLE t SET UNLOGGED"),
        Line(
            statement: "ALTER TABLE t ATTACH PARTITION",
            more: """
                CREATE TABLE t_part (id int PRIMARY KEY, v text, n bigint NOT NULL DEFAULT nextval('clock'));
                INSERT INTO t_part (id, v) VALUES (12, 'attached');
                """,
            sql: "ALTER TABLE t ATTACH PARTITION t_part FOR VALUES FROM (10) TO (20)",
            table: partitioned
        ),
        Line(
            statement: "ALTER TABLE t DETACH PARTITION",
            more:
                "CREATE TABLE t_part PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t_part VALUES (12, 'x');",
            sql: "ALTER TABLE t DETACH PARTITION t_part; INSERT INTO t_part VALUES (13)",
            table: partitioned
        ),
        Line(
            statement: "CREATE TABLE … PARTITION OF t",
            sql: "CREATE TABLE t_part PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t VALUES (12, 'x')",
            table: partitioned
        ),
        Line(
            statement: "CREATE TABLE … INHERITS (t)",
            sql: "CREATE TABLE t_child (PRIMARY KEY (id)) INHERITS (t); INSERT INTO t_child VALUES (7, 'child')",
            columns: "ONLY"
        ),
        Line(
            statement: "ALTER TABLE t INHERIT",
            more: "CREATE TABLE t_up (id int PRIMARY KEY, v text, n bigint NOT NULL DEFAULT nextval('clock'));",
            sql: "ALTER TABLE t INHERIT t_up"
        ),
        Line(
            statement: "CREATE TABLE … (LIKE t INCLUDING ALL)",
            sql: "CREATE TABLE t_like (LIKE t INCLUDING ALL); INSERT INTO t_like (id) VALUES (1)"
        ),
        Line(statement: "DROP TABLE t", after: nil, change: ""),
        Line(
            statement: "DROP TABLE t; DROP TYPE",
            more: "",
            sql: "DROP TABLE t",
            after: nil,
            change: "DROP TYPE t_kind",
            table: """
                CREATE TYPE t_kind AS ENUM ('one', 'two');
                CREATE TABLE t (id int, k t_kind DEFAULT 'one', v text, n bigint NOT NULL DEFAULT nextval('clock'),
                  PRIMARY KEY (id, k))
                """
        ),
        Line(statement: "ALTER TABLE t DISABLE TRIGGER ALL"),
        Line(statement: "ALTER TABLE t OWNER TO", sql: "ALTER TABLE t OWNER TO pg_monitor"),
        Line(statement: "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
    ]

    private static let partitioned = """
        CREATE TABLE t (id int PRIMARY KEY, v text, n bigint NOT NULL DEFAULT nextval('clock')) PARTITION BY RANGE (id);
        CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10)
        """

    /// What the documentation says of each line, by its heading.
    private func documented(_ heading: String) throws -> [String: String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/application-statements.md")
        var (place, found) = (Int?.none, [String: String]())
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where line.hasPrefix("|") {
            let cells = line.split(separator: "|").map {
                $0.replacing("`", with: "").trimmingCharacters(in: .whitespaces)
            }
            if place == nil {
                place = cells.firstIndex(of: heading)
            } else if let place, place < cells.count {
                found[cells[0]] = cells[place]
            }
        }
        return found
    }

    @Test(arguments: ways) func eachLineIsWhatHappens(way: Way) async throws {
        var shop = try FollowedDatabase(.v15, "CREATE SEQUENCE clock; CREATE SCHEMA other")
        shop.plugin = way.plugin
        shop.sync.method = .fixed(way.method)
        shop.sync.autoSetup = true
        if way.method == .incremental {
            shop.sync.deletes = .compare
            var rule = TableRule(try TablePattern("*.*"))
            rule.cursor = ["n"]
            shop.sync.tables = [rule]
        }
        for (number, line) in Self.lines.enumerated() {
            let rows = "INSERT INTO t (id, v) VALUES (1, 'a'), (2, 'b'), (3, 'c')"
            try shop.database.execute(line.text("\(line.table); \(line.more) \(rows)", number))
        }
        let prepared = try await shop.run().report.outcomes.map(\.copy.target.table)
        #expect(Self.lines.indices.allSatisfy { prepared.contains("t\($0)") }, "\(prepared)")
        var refused: Set<Int> = []
        for (number, line) in Self.lines.enumerated() {
            let steps = [line.sql ?? line.statement, line.after == nil ? "" : line.change]
            for step in steps where !step.isEmpty {
                do { try shop.database.execute(line.text(step, number)) } catch { refused.insert(number) }
            }
        }
        let result = try await shop.with { try await $0.run() }
        // What a table that is gone leaves behind is gone too.
        for (number, line) in Self.lines.enumerated() where line.after == nil && !line.change.isEmpty {
            do { try shop.database.execute(line.text(line.change, number)) } catch { refused.insert(number) }
        }
        let expected = try documented(way.heading)
        for (number, line) in Self.lines.enumerated() {
            let seen = try await outcome(of: line, number, result, refused, shop)
            #expect(expected[line.statement] == seen, "\(line.statement): \(seen)")
        }
        // And they go on so.
        #expect(try await shop.with { try await $0.run() }.report.failures.isEmpty)
        try await shop.tearDown()
    }

    /// A table whose key was dropped does not stay published, also where it is the only one.
    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func updatesGoOnOnceARunHasSeenThatAKeyIsGone(version: PostgresServer.Version) async throws {
        var shop = try FollowedDatabase(version, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        try await shop.run()
        try shop.database.execute("ALTER TABLE t DROP CONSTRAINT t_pkey")
        #expect(throws: (any Error).self) { try shop.database.execute("UPDATE t SET id = 2") }
        shop.sync.method = .auto
        try await shop.run()
        try shop.database.execute("UPDATE t SET id = 3")
        try await shop.run()
        #expect(try await shop.ask("SELECT id FROM t") == [["3"]])
        try shop.database.execute("ALTER TABLE t REPLICA IDENTITY FULL")
        try await shop.run()
        try shop.database.execute("UPDATE t SET id = 4")
        #expect(try await shop.run().report.outcomes.isEmpty)
        #expect(try await shop.ask("SELECT id FROM t") == [["4"]])
        try await shop.tearDown()
    }

    private func outcome(
        of line: Line,
        _ number: Int,
        _ result: SyncRun.Result,
        _ refused: Set<Int>,
        _ shop: FollowedDatabase
    ) async throws -> String {
        if refused.contains(number) { return "refused by the server" }
        guard let after = line.after else { return "the copy stays" }
        let name = line.text(after, number)
        let table = String(name.split(separator: ".").last ?? "")
        if result.plan.skipped.contains(where: { $0.name.table == table }) { return "left out" }
        guard !result.report.failures.contains(where: { $0.table.source.schema.name.table == table }) else {
            return "fails"
        }
        let columns = line.columns == "ONLY" ? "id, v" : line.columns
        let only = line.columns == "ONLY" ? "ONLY " : ""
        let here = try await shop.ask("SELECT \(columns) FROM \(name) ORDER BY id").map { $0.joined(separator: "|") }
        let there = try shop.database.execute(
            "SELECT concat_ws('|', \(columns)) FROM \(only)\(name) ORDER BY id"
        ).split(separator: "\n").map(String.init)
        guard here == there else { return "differs: \(here) \(there)" }
        let isCopied = result.report.outcomes.contains { $0.copy.target.table == table && $0.merge == nil }
        return isCopied ? "copied again" : "goes on"
    }
}
