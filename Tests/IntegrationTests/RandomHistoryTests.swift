import TandemTesting
import Testing

@Suite(.blocking) struct RandomHistoryTests {
    /// Also while every table is published, when Postgres refuses updates of tables without identity.
    @Test(arguments: PostgresServer.Version.allCases) func everyStatementSucceeds(
        _ version: PostgresServer.Version
    ) throws {
        let server = try PostgresServer(version, settings: ["max_prepared_transactions": "10", "wal_level": "logical"])
        for seed in UInt64(0)..<4 {
            let options = RandomHistory.Options(evolves: seed % 2 == 1, prepares: seed % 3 == 0)
            var history = RandomHistory(seed: seed, options: options)
            let database = try server.makeDatabase()
            try server.execute("CREATE PUBLICATION everything FOR ALL TABLES", in: database)
            var statements = history.setup
            for _ in 0..<100 { statements += history.nextTransaction() }
            let script = statements.map { $0 + ";" }.joined(separator: "\n")
            #expect(throws: Never.self, "seed \(seed)") { try server.execute(script, in: database) }
            for table in history.followed {
                let quoted = "\"" + table.replacing("\"", with: "\"\"") + "\""
                let count = try server.execute("SELECT count(*) FROM \(history.schema).\(quoted)", in: database)
                #expect(Int(count) != nil, "seed \(seed), \(table)")
            }
        }
    }

    @Test func aSeedBringsAHistoryBack() {
        func history(_ seed: UInt64) -> [String] {
            var history = RandomHistory(seed: seed, options: .init(evolves: true, prepares: true))
            return history.setup + (0..<100).flatMap { _ in history.nextTransaction() }
        }
        #expect(history(7) == history(7))
        #expect(history(7) != history(8))
    }

    /// What the histories are for does come to pass in them.
    @Test func everyKindOfChangeHappens() {
        let statements = (UInt64(0)..<40).flatMap { seed in
            var history = RandomHistory(seed: seed, options: .init(evolves: true, prepares: true, losesTrack: true))
            return (0..<50).flatMap { _ in history.nextTransaction() }
        }
        let kinds = [
            "INSERT", "UPDATE", "DELETE", "TRUNCATE", "SAVEPOINT", "ROLLBACK TO", "RELEASE", "ROLLBACK PREPARED",
            "COMMIT PREPARED", "DROP TABLE", "PARTITION OF", "DETACH", "ADD COLUMN", "DROP COLUMN", "RENAME COLUMN",
            "RENAME TO", "TYPE", "DEFAULT", "pg_logical_emit_message", "generate_series", "NOT EXISTS",
            "USING", "RENAME VALUE", "VACUUM FULL", "GRANT", "SET STATISTICS", "ATTACH PARTITION",
            "REPLICA IDENTITY NOTHING",
        ]
        for kind in kinds { #expect(statements.contains { $0.contains(kind) }, "\(kind)") }
    }
}
