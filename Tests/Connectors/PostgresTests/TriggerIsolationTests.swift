import TandemTesting
import Testing

@testable import TandemPostgres

/// Two transactions of the application beside each other end in the same way with triggers as without, whatever they
/// do and at whatever isolation level: what is noted makes no dependency between them.
@Suite(.blocking) struct TriggerIsolationTests {
    /// What has become of the table since its triggers were made.
    static let disturbances = [
        "SELECT", "ALTER TABLE %t DROP COLUMN id", "ALTER TABLE %t RENAME id TO number", "DROP TABLE %log",
    ]

    /// What each of the two does, in its half of the table.
    static let statements = [
        "INSERT INTO %t (n, half, v) VALUES (7, %h, 'x')", "UPDATE %t SET v = 'y' WHERE half = %h AND n = 1",
        "DELETE FROM %t WHERE half = %h AND n = 2", "TRUNCATE %t%h",
        "INSERT INTO %t (n, half, v) VALUES (8, %h, 'x'); UPDATE %t%h SET v = 'z' WHERE half = %h AND n = 3",
    ]

    static let levels = ["SERIALIZABLE", "REPEATABLE READ", "READ COMMITTED"]

    @Test(arguments: [PostgresServer.Version.v15, .v18], disturbances)
    func twoTransactionsEndAsWithoutTriggers(version: PostgresServer.Version, disturbance: String) throws {
        for isByRow in [false, true] {
            let stage = try TriggerStage(version, before10: isByRow, Self.tables("t") + Self.tables("p"))
            try stage.capture("t")
            try stage.database.execute(
                disturbance.replacing("%t", with: "t").replacing("%log", with: TriggerNames.log(stage.number("t")))
            )
            if disturbance.contains("%t") { try stage.database.execute(disturbance.replacing("%t", with: "p")) }
            let sessions = try [stage.database.session(), stage.database.session()]
            for session in sessions { try session.execute("SET lock_timeout = '20ms'; SET enable_seqscan = off") }
            for level in Self.levels {
                for first in Self.statements {
                    for second in Self.statements {
                        let (plain, noted) = try (
                            Self.outcome("p", level, [first, second], sessions, stage),
                            Self.outcome("t", level, [first, second], sessions, stage)
                        )
                        #expect(plain == noted, "\(level): \(first) beside \(second), by row: \(isByRow)")
                    }
                }
            }
        }
    }

    private static func tables(_ name: String) -> String {
        """
        CREATE TABLE \(name) (id int DEFAULT 1, n int, half int, v text, PRIMARY KEY (n, half, id))
          PARTITION BY LIST (half);
        CREATE TABLE \(name)1 PARTITION OF \(name) FOR VALUES IN (1) WITH (fillfactor = 50);
        CREATE TABLE \(name)2 PARTITION OF \(name) FOR VALUES IN (2) WITH (fillfactor = 50);
        CREATE INDEX ON \(name) (half, n);
        """
    }

    /// What each of the steps of the two came to.
    private static func outcome(
        _ table: String,
        _ level: String,
        _ statements: [String],
        _ sessions: [Session],
        _ stage: TriggerStage
    ) throws -> [String] {
        try stage.session.execute(
            """
            TRUNCATE \(table); INSERT INTO \(table) (n, half) SELECT n, half FROM generate_series(1, 3) n,
              generate_series(1, 2) half
            """
        )
        var outcomes: [String] = []
        func run(_ place: Int, _ sql: String) {
            do {
                try sessions[place].execute(sql)
                outcomes.append("done")
            } catch let PostgresError.server(_, sqlState, _, _) {
                outcomes.append(sqlState)
            } catch { outcomes.append("\(error)".replacing(table, with: "")) }
        }
        for place in 0...1 { run(place, "BEGIN ISOLATION LEVEL \(level)") }
        for (place, statement) in statements.enumerated() {
            run(place, statement.replacing("%t", with: table).replacing("%h", with: "\(place + 1)"))
        }
        for place in 0...1 { run(place, "COMMIT") }
        return outcomes
    }
}
