/// What may happen to some tables in the course of time, as statements for Postgres, the same ones for the same seed.
///
/// Transactions of every kind of change: inserts one by one and in bulk,
/// updates that leave large values alone, changes of keys and swaps of them,
/// cascades, deletes, truncation of several tables, savepoints and what is
/// rolled back. Tables with each kind of identity, one with partitions and one
/// that nobody follows. Every statement succeeds if all of them run in their
/// order and nothing else writes; some concern no row.
public struct RandomHistory: Sendable {
    public struct Options: Sendable {
        /// Columns and tables come, go and change.
        public var evolves = false
        /// Some transactions commit in two phases, which the server must allow.
        public var prepares = false
        /// Tables lose, for a while, what has the log tell of their updates. Not where they are published.
        public var losesTrack = false

        public init(evolves: Bool = false, prepares: Bool = false, losesTrack: Bool = false) {
            self.losesTrack = losesTrack
            self.evolves = evolves
            self.prepares = prepares
        }
    }

    public let seed: UInt64
    public let schema: String
    public let options: Options
    /// Statements that make the schema and its tables.
    public let setup: [String]
    var text: SQLText
    var tables: [HistoryTable]
    /// For names that are used once.
    private var used = 0
    /// Whether what comes next is a part of a larger transaction.
    private(set) var isInTransaction = false

    /// - Parameter schema: Histories that run at the same time need one each.
    public init(seed: UInt64, schema: String = "history", options: Options = Options()) {
        self.seed = seed
        self.schema = schema
        self.options = options
        text = SQLText(seed: seed)
        let tables = HistoryTable.all(in: schema, hasOwnTypes: options.evolves)
        let creations = tables.enumerated().flatMap { $1.creation(referring: tables.first, number: $0) }
        self.tables = tables
        setup = ["CREATE SCHEMA \(SQLText.quoted(schema))"] + (options.evolves ? [Self.types] : []) + creations
        used = tables.count
    }

    /// The names that the tables have now, of those that are there to be followed.
    public var followed: [String] { tables.dropLast().map(\.name) }
    /// The name of the table that is not.
    public var ignored: String? { tables.last?.name }

    /// The statements of the next transaction, or of several that have one each.
    public mutating func nextTransaction() -> [String] {
        if options.evolves, text.chance(0.03) { return ["VACUUM FULL \(tables[text.pick(tables.count)].sql)"] }
        switch text.pick(100) {
        case 0..<12: return (0...text.pick(2)).flatMap { _ in statements() }
        case 12..<15: return ["BEGIN", "COMMIT"]
        case 15..<20:
            let before = tables
            defer { tables = before }
            return ["BEGIN"] + body(of: 1 + text.pick(8)) + ["ROLLBACK"]
        case 20..<23: return ["BEGIN"] + body(of: 40) + ["COMMIT"]
        case 23..<30 where options.prepares: return preparedTransaction()
        default: return ["BEGIN"] + body(of: 1 + text.pick(6)) + ["COMMIT"]
        }
    }

    private mutating func preparedTransaction() -> [String] {
        let before = tables
        let name = "'\(schema) \(seed) \(nextNumber())'"
        let prepared = ["BEGIN"] + body(of: 1 + text.pick(6)) + ["PREPARE TRANSACTION \(name)"]
        guard text.chance(0.3) else { return prepared + ["COMMIT PREPARED \(name)"] }
        tables = before
        return prepared + ["ROLLBACK PREPARED \(name)"]
    }

    private mutating func body(of count: Int) -> [String] {
        var savepoints: [(name: String, tables: [HistoryTable])] = []
        var body: [String] = []
        isInTransaction = true
        defer { isInTransaction = false }
        for _ in 0..<count {
            if savepoints.count < 3 && text.chance(0.15) {
                savepoints.append(("s\(nextNumber())", tables))
                body.append("SAVEPOINT s\(used)")
            }
            body += statements()
            guard let last = savepoints.last, text.chance(0.3) else { continue }
            if text.chance(0.6) {
                tables = last.tables
                body.append("ROLLBACK TO \(last.name)")
            } else {
                savepoints.removeLast()
                body.append("RELEASE \(last.name)")
            }
        }
        return body
    }

    private mutating func statements() -> [String] {
        if options.evolves && text.chance(0.05) { return evolution() }
        return rowStatements(for: text.pick(tables.count))
    }

    mutating func nextNumber() -> Int {
        used += 1
        return used
    }
}
