import Foundation
import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

/// What our questions cost a server that has not analyzed its catalog since tables were made: as much for each table,
/// however many there are. Counted in rows that the server looks at, for which it logs how it has answered.
@Suite(.blocking) struct CatalogCostTests {
    private static let tables = (few: 60, many: 240)

    /// One step of how a question was answered, with those that it is made of.
    private struct Step: Decodable {
        enum CodingKeys: String, CodingKey {
            case rows = "Actual Rows", loops = "Actual Loops", filtered = "Rows Removed by Filter"
            case unmatched = "Rows Removed by Join Filter", steps = "Plans"
        }

        var rows: Double
        var loops: Double
        var filtered: Double?
        var unmatched: Double?
        var steps: [Step]?

        /// Rows that it, and all of its steps, looked at.
        var looked: Double {
            (rows + (filtered ?? 0) + (unmatched ?? 0)) * loops + (steps ?? []).reduce(0) { $0 + $1.looked }
        }
    }

    private struct Answer: Decodable {
        enum CodingKeys: String, CodingKey {
            case question = "Query Text", plan = "Plan"
        }

        var question: String
        var plan: Step
    }

    /// How many rows were looked at for each question, by how it begins and ends.
    private func looked(_ log: Substring) throws -> [String: Double] {
        var found: [String: Double] = [:]
        for part in log.split(separator: "plan:\n").dropFirst() {
            let lines = part.split(separator: "\n").prefix { $0.hasPrefix("\t") }
            let answer = try JSONDecoder().decode(Answer.self, from: Data(lines.joined(separator: "\n").utf8))
            let words = answer.question.filter { !$0.isNumber }.split(whereSeparator: \.isWhitespace)
            found[(words.prefix(12) + ["…"] + words.suffix(6)).joined(separator: " "), default: 0] += answer.plan.looked
        }
        return found
    }

    /// Sets up `count` tables, and asks what there is of them.
    private func looked(among count: Int, isCounted: Bool, _ server: PostgresServer) throws -> [String: Double] {
        let database = try TestDatabase(server)
        try database.execute((1...count).map { "CREATE TABLE t\($0) (id int PRIMARY KEY, note text);" }.joined())
        if !isCounted { try database.execute("DELETE FROM pg_statistic") }
        try database.execute("ALTER DATABASE \(database.name) SET auto_explain.log_min_duration = 0")
        let stage = try TriggerStage(database, "SELECT 1")
        let ids = try database.execute("SELECT string_agg(oid::text, ' ') FROM pg_class WHERE relname ~ '^t[0-9]+$'")
        let tables = ids.split(separator: " ").compactMap { UInt32($0) }
        let before = server.log.utf8.count
        let setup = TriggerSetup(session: stage.session, config: stage.config) { _ in }
        #expect(try setup.apply(tables).count == count)
        #expect(try setup.apply(tables).isEmpty)
        #expect(try TriggerFacts.of(tables, stage.session, config: stage.config).captures.count == count)
        #expect(try CatalogReader(stage.session).tables().count == count)
        stage.session.close()
        return try looked(Substring(Substring(server.log).utf8.dropFirst(before)))
    }

    @Test(arguments: [true, false]) func theyGrowAsTheTablesDo(isCounted: Bool) throws {
        let server = try PostgresServer(
            .v15,
            settings: [
                "shared_preload_libraries": "'auto_explain'", "auto_explain.log_analyze": "on",
                "auto_explain.log_timing": "off", "auto_explain.log_format": "json", "autovacuum": "off",
            ]
        )
        defer { server.remove() }
        let few = try looked(among: Self.tables.few, isCounted: isCounted, server)
        let many = try looked(among: Self.tables.many, isCounted: isCounted, server)
        #expect(many.count > 15)
        let limit = Double(Self.tables.many / Self.tables.few)
        for (question, rows) in many {
            // Of the catalog's own rows as many are looked at each time.
            let allowed = max(few[question, default: 0], 5000) * limit * 1.3
            #expect(rows <= allowed, "\(question)")
        }
    }
}
