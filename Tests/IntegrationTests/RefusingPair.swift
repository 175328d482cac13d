import TandemCore
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// A database that is followed into another one, whose users refuse rows of table `items`.
struct RefusingPair {
    let from: TestDatabase
    let to: TestDatabase
    var sync = SyncConfiguration(name: "refused", from: "shop", to: "copy", method: .fixed(.logBased))

    init(_ version: PostgresServer.Version, _ setup: String) throws {
        from = try TestDatabase(version)
        to = try TestDatabase(version)
        try from.execute(setup)
    }

    @discardableResult
    func run(_ faults: Faults? = nil) async throws -> SyncRun.Result {
        try await with(faults) { run in
            let result = try await run.run()
            #expect(result.report.failures.isEmpty)
            return result
        }
    }

    /// Runs where a table fails.
    ///
    /// - Returns: What is told of each.
    func failures() async throws -> [String] {
        try await with { try await $0.run().report.failures.map(\.failure.message) }
    }

    /// - Parameter observe: Hears of what happens while the stream is brought up to date.
    @discardableResult
    func retry(
        _ faults: Faults? = nil,
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) async throws -> [RetriedIssue] {
        try await with(faults, observe: observe) { try await $0.retryIssues { _, _ in true } }
    }

    func issues() async throws -> [RowIssue] {
        let destination = try to.destination()
        let issues = try await destination.tables(of: sync.name).flatMap(\.issues)
        await destination.close()
        return issues
    }

    /// The keys of the rows that are to be refused.
    func dear() throws -> Set<String> {
        let ids = try from.execute("SELECT string_agg(id::text, ',') FROM items WHERE price >= 50")
        return Set(ids.split(separator: ",").map { "id = \($0)" })
    }

    /// Compares all rows that there is no issue of. Those that are refused are ones.
    func compare(_ comment: String) async throws {
        let keys = try await issues().map(\.keyText)
        #expect(Set(keys).count == keys.count, "\(comment)")
        let ids = ["-1"] + keys.compactMap { $0.split(separator: " ").last.map(String.init) }
        let question = """
            SELECT count(*), md5(string_agg(items::text, ',' ORDER BY id)) FROM items
            WHERE id NOT IN (\(ids.joined(separator: ", ")))
            """
        let (there, here) = (try from.execute(question), try to.execute(question))
        #expect(there == here, "\(comment)")
    }

    func with<Value>(
        _ faults: Faults? = nil,
        follows: Bool = false,
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in },
        _ body: (SyncRun) async throws -> Value
    ) async throws -> Value {
        let source = try from.source()
        let plain = try to.destination()
        let destination: any Destination = faults.map { FaultyDestination(plain, $0) } ?? plain
        let run = SyncRun(
            RunContext(sync, from: source, to: destination, readers: 2, follows: follows, observe: observe),
            state: nil
        )
        return try await run.closing(body)
    }

    func tearDown() async throws {
        let source = try from.source()
        let destination = try to.destination()
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try from.drop()
        try to.drop()
    }
}

/// Random changes to a table whose rows have a large value that updates may leave out.
struct ItemHistory {
    static let setup = """
        CREATE TABLE items (id int PRIMARY KEY, name text, price int, kind text, size int, note text);
        ALTER TABLE items ALTER COLUMN note SET STORAGE EXTERNAL
        """
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private static let large = "repeat(md5(random()::text), 100)"

    var fill: String {
        """
        INSERT INTO items SELECT n, 'name ' || n, n % 50, 'plain', n, \(Self.large) FROM generate_series(1, 60) n
        """
    }

    /// One transaction of some statements.
    mutating func nextTransaction() -> String {
        let count = Int.random(in: 1...6, using: &random)
        return (["BEGIN"] + (0..<count).map { _ in next() } + ["COMMIT"]).joined(separator: "; ")
    }

    private mutating func next() -> String {
        let id = Int.random(in: 1...80, using: &random)
        let price = Int.random(in: 0..<70, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0...1:
            return """
                INSERT INTO items VALUES (\(id), 'new', \(price), 'plain', \(id), \(Self.large))
                ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price
                """
        case 2: return "DELETE FROM items WHERE id = \(id)"
        case 3:
            return """
                UPDATE items SET id = \(id), price = \(price) WHERE id = (SELECT min(i.id) FROM items i)
                  AND NOT EXISTS (SELECT FROM items i WHERE i.id = \(id))
                """
        case 4: return "UPDATE items SET note = \(Self.large) WHERE id = \(id)"
        case 5: return "UPDATE items SET price = \(price) WHERE id BETWEEN \(id) AND \(id + 4)"
        default: return "UPDATE items SET price = \(price), name = 'changed' WHERE id = \(id)"
        }
    }
}
