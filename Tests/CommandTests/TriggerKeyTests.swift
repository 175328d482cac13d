import Foundation
import TandemTesting
import Testing

/// Keys whose types the server's own operators do not know, and tables that cannot be read any more.
@Suite(.blocking) struct TriggerKeyTests {
    private struct Key {
        var type: String
        var values: [String]
    }

    private static let extensions = ["ltree", "hstore", "isn", "citext"]
    private static let keys: [String: Key] = [
        "tree": Key(type: "ext.ltree", values: ["a.b", "a.c", "b"]),
        "map": Key(type: "ext.hstore", values: ["a=>1", "a=>2", "b=>NULL"]),
        "book": Key(type: "ext.isbn13", values: ["978-0-393-04002-9", "978-0-306-40615-7", "978-3-16-148410-0"]),
        "word": Key(type: "ext.citext", values: ["A", "b", "C"]),
        "pair": Key(type: "two", values: ["(1,1.50)", "(1,2)", "(2,)"]),
        "path": Key(type: "path_name", values: ["x.y", "x.z", "z"]),
        "mood": Key(type: "feeling", values: ["sad", "ok", "glad"]),
    ]

    @Test func keysOfAnyType() throws {
        let server = try PostgresServer.shared(.v15)
        let database = try server.makeDatabase()
        func run(_ sql: String) throws { try server.execute("SET search_path = public, ext; " + sql, in: database) }
        try run("CREATE SCHEMA ext; " + Self.extensions.map { "CREATE EXTENSION \($0) SCHEMA ext;" }.joined())
        try run(
            """
            CREATE TYPE two AS (a int, b numeric); CREATE DOMAIN path_name AS ext.ltree;
            CREATE TYPE feeling AS ENUM ('sad', 'ok', 'glad')
            """
        )
        for (name, key) in Self.keys.sorted(by: { $0.key < $1.key }) {
            try run("CREATE TABLE \(name) (id \(key.type), n int, v int, PRIMARY KEY (id, n))")
            try run("INSERT INTO \(name) VALUES ('\(key.values[0])', 1, 1), ('\(key.values[1])', 1, 1)")
        }
        let program = try Program()
        defer { program.remove() }
        try program.write(
            Program.configuration(server, database, method: "TRIGGER_BASED", more: "    auto_setup: true\n")
        )
        #expect(try program.run("run").status == 0)
        for (name, key) in Self.keys {
            try run(
                """
                INSERT INTO \(name) VALUES ('\(key.values[2])', 1, 1); UPDATE \(name) SET v = 2 WHERE id = '\(key.values[0])'::\(key.type);
                UPDATE \(name) SET n = 3 WHERE id = '\(key.values[1])'::\(key.type)
                """
            )
        }
        let outcome = try program.run("run")
        #expect(outcome.status == 0 && !outcome.errors.contains("again"), "\(outcome.errors)")
        #expect(try program.run("verify", "copy").status == 0)
        try run(Self.keys.map { "DELETE FROM \($0) WHERE id = '\($1.values[2])'::\($1.type)" }.joined(separator: "; "))
        #expect(try program.run("run").status == 0)
        #expect(try program.run("verify", "copy").status == 0)
        #expect(try program.run("teardown", "shop").status == 0)
    }

    /// One that cannot be read is named, and the others go on.
    @Test func oneThatCannotBeReadStopsNoOther() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        let role = "reader_\(database)"
        try server.execute(
            """
            CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE good (id int PRIMARY KEY);
            INSERT INTO t VALUES (1, 'a'); INSERT INTO good VALUES (1);
            CREATE ROLE \(role) LOGIN; GRANT CREATE ON DATABASE \(database) TO \(role);
            GRANT SELECT, TRIGGER ON t, good TO \(role)
            """,
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        let text = Program.configuration(server, database, method: "TRIGGER_BASED", more: "    auto_setup: true\n")
        try program.write(text.replacing("user: \(PostgresServer.user)", with: "user: \(role)"))
        let first = try program.run("run")
        #expect(first.status == 0, "\(first.errors)")
        try server.execute(
            """
            ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t TO \(role) USING (id > 3);
            INSERT INTO t VALUES (2, 'hidden'); INSERT INTO good VALUES (2)
            """,
            in: database
        )
        for count in 2...3 {
            let outcome = try program.run("run")
            #expect(outcome.status == 1 && outcome.errors.contains("public.t"), "\(outcome.errors)")
            let answer: Answer = try json(
                program.run("query", "warehouse", "SELECT count(*) FROM good", "--json").output
            )
            #expect(answer.rows == [["\(count)"]], "\(outcome.errors)")
            try server.execute(
                "INSERT INTO good VALUES (\(count + 1)); INSERT INTO t VALUES (\(count + 1))",
                in: database
            )
        }
        try server.execute("ALTER TABLE t DISABLE ROW LEVEL SECURITY", in: database)
        #expect(try program.run("run").status == 0)
        #expect(try program.run("verify", "copy").status == 0)
        #expect(try program.run("teardown", "shop").status == 0)
    }
}
