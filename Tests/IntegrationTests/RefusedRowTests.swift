import Foundation
import TandemCore
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// Rows that constraints and triggers at a Postgres destination refuse, while a source is followed.
@Suite(.blocking) struct RefusedRowTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func allButTheRefusedRowsAreEqualAndThenAll(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(version), seed \(seed)")
        var history = ItemHistory(seed: seed)
        let pair = try RefusingPair(version, ItemHistory.setup)
        try pair.from.execute(history.fill)
        try await pair.run()
        try pair.to.execute("ALTER TABLE items ADD CONSTRAINT cheap CHECK (price < 50)")
        for round in 0..<5 {
            for _ in 0..<12 { try pair.from.execute(history.nextTransaction()) }
            // Now and then a run is cut off before or after the destination has committed.
            let faults = Faults(seed: seed &+ UInt64(round), chance: 0.3, limit: 1, isTransient: false)
            _ = try? await pair.run(faults)
            try await pair.run()
            try await pair.compare("round \(round), seed \(seed)")
        }
        let some = try await pair.issues()
        #expect(!some.isEmpty, "seed \(seed)")
        // What the last changes left out comes with the row.
        try await pair.retry()
        let left = Set(try await pair.issues().map(\.keyText))
        let dear = try pair.dear()
        #expect(left == dear, "seed \(seed)")
        try await pair.compare("seed \(seed)")
        try pair.to.execute("ALTER TABLE items DROP CONSTRAINT cheap")
        let tried = try await pair.retry()
        #expect(!tried.map(\.isSettled).contains(false), "seed \(seed)")
        #expect(try await pair.issues().isEmpty, "seed \(seed)")
        try await pair.compare("at the end, seed \(seed)")
        try await pair.tearDown()
    }

    /// Each kind of refusal becomes an issue that names what refused and nothing of the row but its key.
    @Test func everyKindOfRefusalIsNamedAndNoValueIs() async throws {
        let pair = try RefusingPair(.v16, ItemHistory.setup)
        try await pair.run()
        try pair.to.execute(
            """
            CREATE TABLE kinds (kind text PRIMARY KEY); INSERT INTO kinds VALUES ('plain');
            ALTER TABLE items ADD CONSTRAINT cheap CHECK (price < 50),
              ADD CONSTRAINT one_name UNIQUE (name), ADD CONSTRAINT known_kind FOREIGN KEY (kind) REFERENCES kinds,
              ALTER COLUMN size SET NOT NULL;
            CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW.note = 'secret raise' THEN RAISE EXCEPTION 'no % here', NEW.note; END IF;
              IF NEW.note = 'secret cast' THEN PERFORM NEW.note::int; END IF;
              RETURN NEW; END $$;
            CREATE TRIGGER look BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION look();
            """
        )
        try pair.from.execute(
            """
            INSERT INTO items (id, name, price, kind, size, note) VALUES
              (1, 'secret a', 10, 'plain', 1, 'fine'), (2, 'secret a', 10, 'plain', 1, 'same name'),
              (3, 'secret c', 99, 'plain', 1, 'dear'), (4, 'secret d', 10, 'secret kind', 1, 'kind'),
              (5, 'secret e', 10, 'plain', NULL, 'null'), (6, 'secret f', 10, 'plain', 1, 'secret raise'),
              (7, 'secret g', 10, 'plain', 1, 'secret cast'), (8, 'secret h', 10, 'plain', 1, 'fine')
            """
        )
        let result = try await pair.run()
        #expect(result.issues.values.first?.count == 6)
        let issues = try await pair.issues().sorted { $0.keyText < $1.keyText }
        #expect(issues.map(\.code) == ["23505", "23514", "23503", "23502", "P0001", "22P02"])
        #expect(issues.map(\.constraint) == ["one_name", "cheap", "known_kind", nil, nil, nil])
        #expect(issues.map(\.column) == ["", "", "", "size", "", ""])
        #expect(issues.map(\.keyText) == (2...7).map { "id = \($0)" })
        #expect(!"\(issues)".contains("secret"))
        #expect(try pair.to.execute("SELECT string_agg(id::text, ',' ORDER BY id) FROM items") == "1,8")
        // One by a later change, one by its deletion, one by a change of its key.
        try pair.from.execute(
            """
            UPDATE items SET price = 3 WHERE id = 3; DELETE FROM items WHERE id = 4;
            UPDATE items SET id = 50, size = 2 WHERE id = 5
            """
        )
        try await pair.run()
        #expect(try await pair.issues().map(\.keyText).sorted() == ["id = 2", "id = 6", "id = 7"])
        #expect(try pair.to.execute("SELECT string_agg(id::text, ',' ORDER BY id) FROM items") == "1,3,8,50")
        try await pair.tearDown()
    }

    /// A trigger or rule that keeps a row out, or has it otherwise than it is, without an error.
    @Test(arguments: [true, false]) func aRowThatIsSwallowedOrChangedIsAnIssue(isSoft: Bool) async throws {
        var pair = try RefusingPair(.v16, ItemHistory.setup)
        pair.sync.deletes = isSoft ? .soft : .hard
        try pair.from.execute("INSERT INTO items (id, price, note) SELECT n, n, 'old' FROM generate_series(1, 20) n")
        try await pair.run()
        try pair.to.execute(
            """
            CREATE TABLE seen (id int);
            CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_OP = 'DELETE' THEN RETURN CASE WHEN OLD.id = 4 THEN NULL ELSE OLD END; END IF;
              IF NEW.note = 'swallow' OR NEW.id = 4 THEN RETURN NULL; END IF;
              IF NEW.note = 'change' THEN NEW.price := 0; END IF;
              RETURN NEW; END $$;
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              INSERT INTO public.seen VALUES (NEW.id);
              IF NEW.note = 'after' THEN UPDATE public.items SET name = 'x' WHERE id = NEW.id AND name IS NULL; END IF;
              RETURN NULL; END $$;
            CREATE TRIGGER look BEFORE INSERT OR UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION look();
            CREATE TRIGGER note AFTER INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION note()
            """
        )
        try pair.from.execute(
            """
            UPDATE items SET note = 'swallow' WHERE id = 1; UPDATE items SET note = 'change' WHERE id = 2;
            UPDATE items SET note = 'after' WHERE id = 3; DELETE FROM items WHERE id IN (4, 5);
            UPDATE items SET id = 26, note = 'swallow' WHERE id = 6; UPDATE items SET note = 'fine' WHERE id = 7;
            INSERT INTO items (id, note) VALUES (27, 'swallow'), (28, 'fine')
            """
        )
        let result = try await pair.run()
        #expect(result.issues.values.first?.count == 6)
        let issues = try await pair.issues().sorted { $0.keyText < $1.keyText }
        #expect(issues.map(\.keyText) == [1, 2, 26, 27, 3, 4].map { "id = \($0)" })
        #expect(issues.map(\.isDeletion) == [false, false, false, false, false, true])
        #expect(issues.allSatisfy { $0.code == "27000" && $0.cause.contains("trigger or rule") })
        #expect(try pair.to.execute("SELECT note FROM items WHERE id = 7") == "fine")
        try pair.to.execute("DROP TRIGGER look ON items; DROP TRIGGER note ON items")
        #expect(try await pair.retry().map(\.isSettled).contains(false) == false)
        let question = "SELECT string_agg(concat(id, name, price, note), ',' ORDER BY id) FROM items"
        let here = try pair.to.execute(isSoft ? question + " WHERE _tandem_deleted_at IS NULL" : question)
        #expect(try pair.from.execute(question) == here)
        try await pair.tearDown()
    }

    /// Rules take a row away as triggers do, and a table without a key has no row to name.
    @Test func aSwallowedRowOfATableWithoutAKeyIsAnIssue() async throws {
        let pair = try RefusingPair(
            .v18,
            "CREATE TABLE items (id int, price int); ALTER TABLE items REPLICA IDENTITY FULL"
        )
        try await pair.run()
        try pair.to.execute("CREATE RULE none AS ON INSERT TO items WHERE NEW.price > 50 DO INSTEAD NOTHING")
        try pair.from.execute("INSERT INTO items VALUES (1, 9)")
        try await pair.run()
        try pair.from.execute("INSERT INTO items VALUES (1, 99)")
        // It leaves the stream, and is copied again.
        try await pair.run()
        #expect(try await pair.issues().map(\.keyText) == ["(rows without a key)"])
        try await pair.tearDown()
    }

    /// The same in a table that is copied whole, and stays because of what hangs on it.
    @Test func aRowThatIsSwallowedInACopyIsAnIssue() async throws {
        var pair = try RefusingPair(.v15, ItemHistory.setup)
        pair.sync.method = .fixed(.fullTable)
        try pair.from.execute("INSERT INTO items (id, price) SELECT n, n FROM generate_series(1, 9) n")
        try await pair.run()
        try pair.to.execute(
            """
            CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_OP = 'DELETE' THEN RETURN NULL; END IF;
              IF NEW.price = 99 THEN RETURN NULL; END IF;
              IF NEW.price = 98 THEN NEW.price := 0; END IF;
              RETURN NEW; END $$;
            CREATE TRIGGER look BEFORE INSERT OR UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION look()
            """
        )
        try await pair.run()
        #expect(try await pair.issues().isEmpty)
        try pair.from.execute(
            """
            DELETE FROM items WHERE id = 1; UPDATE items SET price = 99 WHERE id = 2;
            UPDATE items SET price = 98 WHERE id = 3; INSERT INTO items (id, price) VALUES (10, 99), (11, 50)
            """
        )
        let result = try await pair.run()
        #expect(result.issues.values.first?.count == 4)
        #expect(try await pair.issues().map(\.keyText).sorted() == ["id = 1", "id = 10", "id = 2", "id = 3"])
        #expect(try pair.to.execute("SELECT price FROM items WHERE id = 11") == "50")
        try pair.to.execute("DROP TRIGGER look ON items")
        try await pair.run()
        #expect(try await pair.issues().isEmpty)
        try await pair.compare("at the end")
        try await pair.tearDown()
    }

    /// What others hang on stays until it may go.
    @Test func aRowThatCannotBeRemovedIsRemovedLater() async throws {
        let pair = try RefusingPair(.v18, ItemHistory.setup)
        try pair.from.execute("INSERT INTO items (id, price) VALUES (1, 1), (2, 2), (3, 3)")
        try await pair.run()
        try pair.to.execute("CREATE TABLE notes (item int REFERENCES items); INSERT INTO notes VALUES (2)")
        try pair.from.execute("DELETE FROM items WHERE id < 3; INSERT INTO items (id, price) VALUES (4, 4)")
        try await pair.run()
        let issue = try #require(try await pair.issues().first)
        #expect(issue.isDeletion && issue.keyText == "id = 2" && issue.constraint == "notes_item_fkey")
        #expect(try pair.to.execute("SELECT string_agg(id::text, ',' ORDER BY id) FROM items") == "2,3,4")
        #expect(try await pair.retry().map(\.isSettled) == [false])
        try pair.to.execute("DROP TABLE notes")
        #expect(try await pair.retry().map(\.isSettled) == [true])
        #expect(try pair.to.execute("SELECT string_agg(id::text, ',' ORDER BY id) FROM items") == "3,4")
        try await pair.tearDown()
    }

    /// Rows of one table that refer to each other come in any order, with one among them that is refused.
    @Test func rowsThatReferToEachOtherComeTogether() async throws {
        let pair = try RefusingPair(.v15, ItemHistory.setup)
        try await pair.run()
        try pair.to.execute(
            """
            ALTER TABLE items ADD CONSTRAINT cheap CHECK (price < 50),
              ADD CONSTRAINT parent FOREIGN KEY (size) REFERENCES items (id)
            """
        )
        // Each refers to the next, and the last to nobody; one chain has a link that is refused.
        try pair.from.execute(
            """
            INSERT INTO items (id, price, size)
              SELECT n, CASE n WHEN 55 THEN 99 ELSE 1 END, nullif(n + 1, 101) FROM generate_series(1, 100) n;
            INSERT INTO items (id, price, size) SELECT n, 1, nullif(n + 1, 301) FROM generate_series(201, 300) n
            """
        )
        try await pair.run()
        #expect(try await pair.issues().count == 55)
        #expect(try pair.to.execute("SELECT count(*), min(id) FROM items") == "145|56")
        try pair.from.execute("UPDATE items SET price = 1 WHERE id = 55")
        #expect(try await pair.retry().map(\.isSettled).contains(false) == false)
        #expect(try pair.to.execute("SELECT count(*) FROM items") == "200")
        try await pair.tearDown()
    }

    /// A target that refuses everything is not tried row by row for ever.
    @Test func tooManyRefusedRowsFailTheTableAndLeaveNothing() async throws {
        let pair = try RefusingPair(.v18, ItemHistory.setup)
        try await pair.run()
        try pair.to.execute("ALTER TABLE items ADD CONSTRAINT none CHECK (false)")
        try pair.from.execute("INSERT INTO items (id, price) SELECT n, n FROM generate_series(1, 3000) n")
        // It leaves the stream, and cannot be copied either.
        let failures = try await pair.failures()
        #expect(failures.count == 1 && failures[0].contains("public.items cannot follow its source"), "\(failures)")
        #expect(try await pair.issues().isEmpty)
        try pair.to.execute("ALTER TABLE items DROP CONSTRAINT none")
        try await pair.run()
        try await pair.compare("after it was dropped")
        try await pair.tearDown()
    }

    /// A table without a key has no rows that could be named.
    @Test func withoutAKeyTheTableFails() async throws {
        let pair = try RefusingPair(
            .v16,
            "CREATE TABLE items (id int, price int); ALTER TABLE items REPLICA IDENTITY FULL"
        )
        try await pair.run()
        try pair.to.execute("ALTER TABLE items ADD CONSTRAINT cheap CHECK (price < 50)")
        try pair.from.execute("INSERT INTO items VALUES (1, 99)")
        #expect(try await pair.failures().count == 1)
        try await pair.tearDown()
    }
}
