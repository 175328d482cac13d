import TandemCore
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// Rows that are tried again while their source goes on changing.
@Suite(.blocking) struct RetryTests {
    private static let refusing = "ALTER TABLE items ADD CONSTRAINT cheap CHECK (price < 50)"
    private static let all = "SELECT string_agg(id || ':' || price, ' ' ORDER BY id) FROM items"

    /// What is changed behind the place that the rows are read at comes later, and what was changed before it is there.
    @Test(arguments: PostgresServer.Version.allCases)
    func aRetryNeverOverwritesALaterChange(version: PostgresServer.Version) async throws {
        let pair = try RefusingPair(version, ItemHistory.setup)
        try await pair.run()
        try pair.to.execute(Self.refusing)
        try pair.from.execute("INSERT INTO items (id, price) SELECT n, 100 FROM generate_series(1, 5) n")
        try await pair.run()
        #expect(try await pair.issues().count == 5)
        try pair.to.execute("ALTER TABLE items DROP CONSTRAINT cheap")
        // No run has brought these when the rows are tried.
        try pair.from.execute("DELETE FROM items WHERE id = 4; UPDATE items SET price = 101 WHERE id = 5")
        let tried = try await pair.retry { event in
            // By now the rows' place in the log is fixed.
            guard case .streamPrepared = event else { return }
            _ = try? pair.from.execute(
                """
                UPDATE items SET price = 7 WHERE id = 1; DELETE FROM items WHERE id = 2;
                UPDATE items SET id = 30, price = 8 WHERE id = 3
                """
            )
        }
        #expect(tried.map(\.isSettled) == [true, true, true, true, true])
        #expect(try pair.to.execute(Self.all) == "1:100 2:100 3:100 5:101")
        try await pair.run()
        #expect(try pair.to.execute(Self.all) == "1:7 5:101 30:8")
        #expect(try await pair.issues().isEmpty)
        try await pair.tearDown()
    }

    @Test func whileSomebodyWritesNothingIsLostOrBroughtBack() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let pair = try RefusingPair(.v18, ItemHistory.setup)
        var history = ItemHistory(seed: seed)
        try pair.from.execute(history.fill)
        try await pair.run()
        for _ in 0..<3 {
            try pair.to.execute("ALTER TABLE items ADD CONSTRAINT cheap CHECK (price < 50) NOT VALID")
            for _ in 0..<10 { try pair.from.execute(history.nextTransaction()) }
            try await pair.run()
            try pair.to.execute("ALTER TABLE items DROP CONSTRAINT cheap")
            let later = (0..<15).map { _ in history.nextTransaction() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for transaction in later { try pair.from.execute(transaction) } }
                group.addTask { try await pair.retry() }
                try await group.waitForAll()
            }
            #expect(try await pair.issues().isEmpty, "seed \(seed)")
            try await pair.run()
            try await pair.compare("seed \(seed)")
        }
        try await pair.tearDown()
    }

    /// Cut off before or after the destination commits, it leaves all of the rows tried or none.
    @Test(arguments: 0..<4) func aRetryThatIsCutOffIsWholeOrNothing(round: Int) async throws {
        let pair = try RefusingPair(.v16, ItemHistory.setup)
        try await pair.run()
        try pair.to.execute(Self.refusing)
        try pair.from.execute("INSERT INTO items (id, price) SELECT n, 100 FROM generate_series(1, 5) n")
        try await pair.run()
        try pair.to.execute("ALTER TABLE items DROP CONSTRAINT cheap")
        let faults = Faults(seed: UInt64(round), chance: 0.5, limit: 1, isTransient: false)
        _ = try? await pair.retry(faults)
        let (there, left) = (try pair.to.execute("SELECT count(*) FROM items"), try await pair.issues().count)
        #expect(["0", "5"].contains(there) && left == (there == "0" ? 5 : 0), "\(faults.log)")
        try await pair.retry()
        try await pair.compare("after \(faults.log)")
        #expect(try await pair.issues().isEmpty)
        try await pair.tearDown()
    }

    /// Rows that are marked instead of deleted.
    @Test func aRowThatIsGoneIsMarkedWhereDeletionsAreKept() async throws {
        var pair = try RefusingPair(.v18, ItemHistory.setup)
        pair.sync.deletes = .soft
        try pair.from.execute("INSERT INTO items (id, price) VALUES (1, 1), (2, 2)")
        try await pair.run()
        try pair.to.execute(
            """
            CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW._tandem_deleted_at IS NOT NULL AND NEW.id = 2 THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER keep BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION keep();
            """
        )
        try pair.from.execute("DELETE FROM items")
        try await pair.run()
        let marked = "SELECT string_agg(id::text, ',') FROM items WHERE _tandem_deleted_at IS NOT NULL"
        #expect(try pair.to.execute(marked) == "1")
        let issue = try #require(try await pair.issues().first)
        #expect(issue.isDeletion && issue.keyText == "id = 2" && issue.code == "P0001")
        try pair.to.execute("DROP TRIGGER keep ON items")
        #expect(try await pair.retry().map(\.isSettled) == [true])
        #expect(try pair.to.execute("SELECT count(*) FROM items WHERE _tandem_deleted_at IS NOT NULL") == "2")
        try await pair.tearDown()
    }
}
