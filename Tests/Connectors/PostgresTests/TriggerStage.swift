import TandemCore
import TandemRows
import TandemTesting

@testable import TandemPostgres

/// A database with tables whose changes triggers note.
struct TriggerStage {
    let database: TestDatabase
    let session: Session
    var config: PostgresConfig

    /// - Parameter before10: Takes the server for one without transition tables.
    init(_ version: PostgresServer.Version, before10: Bool = false, _ sql: String) throws {
        try self.init(TestDatabase(version), before10: before10, sql)
    }

    init(_ database: TestDatabase, before10: Bool = false, _ sql: String) throws {
        self.database = database
        config = database.config
        session = try database.session { if before10 { $0.version = 90_600 } }
        try database.execute(sql)
    }

    func number(_ table: String) throws -> UInt32 {
        UInt32(try database.execute("SELECT \(SQL.literal(table))::regclass::oid")) ?? 0
    }

    @discardableResult
    func capture(_ tables: String...) throws -> [TableName] {
        try TriggerSetup(session: session, config: config) { _ in }.apply(try tables.map(number))
    }

    /// What is noted of `table`, each once and sorted: `r 1`, `r 1 two`, `t`.
    func notes(_ table: String) throws -> [String] {
        let log = TriggerNames.log(try number(table))
        let question = "SELECT count(*) FROM pg_attribute WHERE attrelid = '\(log)'::regclass AND attnum > 2"
        let count = Int(try database.execute(question)) ?? 0
        let keys = (0..<count).map { "n.\(TriggerNames.keyColumn($0))" }.joined(separator: ", ")
        let rows = try session.query(
            """
            SELECT pg_catalog.concat_ws(' ', l.kind, \(keys))
            FROM \(log) l LEFT JOIN \(TriggerNames.keys(count)) ON true
            """
        ).rows
        return Set(rows.compactMap { $0.first ?? nil }).sorted()
    }

    /// What was noted since the last call.
    func take(_ table: String) throws -> [String] {
        let notes = try notes(table)
        try database.execute("TRUNCATE \(TriggerNames.log(try number(table)))")
        return notes
    }

    func gaps(_ table: String) throws -> [String] { try facts(table)?.gaps ?? [] }

    func facts(_ table: String) throws -> TriggerFacts.Capture? {
        let number = try number(table)
        return try TriggerFacts.of([number], session, config: config).captures[number]
    }
}
