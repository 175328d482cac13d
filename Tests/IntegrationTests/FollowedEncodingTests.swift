import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Databases of other encodings than UTF-8: the text arrives, also in the names of tables and columns.
@Suite(.blocking) struct FollowedEncodingTests {
    static let encodings = [
        ("LATIN1", "café ÿ", "größe"), ("WIN1252", "€ “café”", "größe"), ("EUC_JP", "漢字 ｶﾅ 丂", "名前"),
        ("EUC_KR", "한글", "이름"), ("WIN1251", "Привет", "имя"), ("SQL_ASCII", "café 漢", "größe"),
        ("UTF8", "🐘 ÿ", "größe"),
    ]
    static let ways = ["pgoutput", "wal2json", "triggers", "copies"]

    @Test(arguments: encodings, ways)
    func textIsFollowed(_ encoding: (name: String, text: String, word: String), way: String) async throws {
        let (text, word) = (encoding.text, encoding.word)
        let setup = """
            CREATE TABLE "t \(word)" (id int PRIMARY KEY, "\(word)" text, "k\(word)" varchar(9) UNIQUE);
            INSERT INTO "t \(word)" VALUES (1, '\(text)', '\(word)'), (2, 'plain', 'plain')
            """
        var shop = try FollowedDatabase(.v15, setup, encoding: encoding.name)
        switch way {
        case "triggers": (shop.sync.method, shop.sync.autoSetup) = (.fixed(.triggerBased), true)
        case "copies": shop.sync.method = .fixed(.fullTable)
        default: shop.plugin = way
        }
        try await shop.run()
        try shop.database.execute(
            """
            INSERT INTO "t \(word)" VALUES (3, '\(text) \(text)', 'x');
            UPDATE "t \(word)" SET "\(word)" = '\(text)\(word)' WHERE id = 2; DELETE FROM "t \(word)" WHERE id = 1;
            ALTER TABLE "t \(word)" ADD "x\(word)" text; INSERT INTO "t \(word)" VALUES (4, 'b', '\(word)', '\(text)');
            """
        )
        let result = try await shop.run()
        #expect(way == "copies" || result.report.outcomes.isEmpty, "nothing is copied again")
        let rows = try await shop.ask("SELECT id, \"\(word)\", \"x\(word)\" FROM \"t \(word)\" ORDER BY id")
        #expect(rows == [["2", text + word, "-"], ["3", "\(text) \(text)", "-"], ["4", "b", text]])
        try await shop.tearDown()
    }

    /// Of an encoding that nobody knows: bytes that are no text, in values, keys and arrays.
    @Test(arguments: ways) func bytesThatAreNoText(way: String) async throws {
        let setup = """
            CREATE TABLE b (k text PRIMARY KEY, v varchar(20), a text[], c bpchar(4), j json, n int);
            INSERT INTO b VALUES (E'caf\\351', E'\\377\\\\', ARRAY[E'\\351', 'ok'], E'\\351', E'{"a": "\\351"}', 1),
              (E'\\303\\251', 'plain', NULL, 'x', '[]', 1), ('gone', NULL, NULL, NULL, NULL, 1);
            CREATE TABLE whole (v text, n int); ALTER TABLE whole REPLICA IDENTITY FULL;
            INSERT INTO whole VALUES (E'\\351', 1), (E'\\351', 2), ('\\351', 3)
            """
        var shop = try FollowedDatabase(.v15, setup, encoding: "SQL_ASCII")
        switch way {
        case "triggers":
            (shop.sync.method, shop.sync.autoSetup) = (.fixed(.triggerBased), true)
            shop.sync.tables = [TableRule(try TablePattern("public.b"))]
        case "copies": shop.sync.method = .fixed(.fullTable)
        default: shop.plugin = way
        }
        try await shop.run()
        try shop.database.execute(
            """
            UPDATE b SET n = 2 WHERE k = E'caf\\351'; UPDATE b SET k = E'\\360 new', v = E'a\\200b' WHERE k = E'\\303\\251';
            DELETE FROM b WHERE k = 'gone'; INSERT INTO b VALUES (E'\\302', E'\\303\\251', ARRAY[E'"\\351'], 'y', '1', 3);
            DELETE FROM whole WHERE n = 2; UPDATE whole SET n = 4 WHERE n = 1
            """
        )
        let result = try await shop.run()
        #expect(way == "copies" || result.report.outcomes.isEmpty, "nothing is copied again")
        let rows = try await shop.ask("SELECT k, v, n FROM b ORDER BY n, k")
        #expect(rows == [[#"\360 new"#, #"a\200b"#, "1"], [#"caf\351"#, #"\377\\"#, "2"], [#"\302"#, "é", "3"]])
        if way != "triggers" {
            #expect(try await shop.ask("SELECT v, n FROM whole ORDER BY n") == [[#"\351"#, "3"], [#"\351"#, "4"]])
        }
        try await shop.checkEqual(after: "changes of bytes")
        try await shop.tearDown()
    }

    /// Rows without a single value, told apart by all of them.
    @Test(arguments: ["15 pgoutput", "15 wal2json", "18 pgoutput"])
    func rowsOfNullsGo(way: String) async throws {
        let setup = """
            CREATE TABLE n (a int, b text); ALTER TABLE n REPLICA IDENTITY FULL;
            INSERT INTO n VALUES (NULL, NULL), (NULL, NULL), (NULL, NULL), (1, NULL)
            """
        var shop = try FollowedDatabase(way.hasPrefix("15") ? .v15 : .v18, setup)
        shop.plugin = String(way.dropFirst(3))
        try await shop.run()
        let one = "WHERE ctid = (SELECT min(ctid) FROM n WHERE a IS NULL AND b IS NULL)"
        for statement in ["DELETE FROM n \(one)", "UPDATE n SET a = 2 \(one)", "UPDATE n SET a = NULL WHERE a = 1"] {
            try shop.database.execute(statement)
            #expect(try await shop.run().report.outcomes.isEmpty, "\(statement)")
            let wanted = try shop.database.execute("SELECT coalesce(a::text, '-') FROM n ORDER BY 1")
            #expect(try await shop.ask("SELECT a FROM n").map { $0[0] }.sorted().joined(separator: "\n") == wanted)
        }
        try await shop.tearDown()
    }
}
