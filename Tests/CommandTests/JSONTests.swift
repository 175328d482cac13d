import Foundation
import TandemTesting
import Testing

/// What `--json` prints has the keys that docs/commands.md names, and no others, in good worlds and bad ones.
@Suite(.blocking) struct JSONTests {
    /// What has been printed by each command, and where: keys with the kinds of their values.
    private struct Printed {
        var top: [String: Set<String>] = [:]
        var under: [String: [String: Set<String>]] = [:]

        mutating func add(_ value: Any, under name: String?) {
            if let list = value as? [Any] { return list.forEach { add($0, under: name) } }
            guard let object = value as? [String: Any] else { return }
            for (key, value) in object {
                let kind = Self.kind(value)
                if let name {
                    under[name, default: [:]][key, default: []].insert(kind)
                } else {
                    top[key, default: []].insert(kind)
                }
                // What triggers have noted is told as what is in a log.
                add(value, under: key == "triggers" ? "stream" : key)
            }
        }

        private static func kind(_ value: Any) -> String {
            switch value {
            case is [Any]: "list"
            case is [String: Any]: "object"
            case is String: "text"
            case let number as NSNumber: CFBooleanLike(number) ? "bool" : "number"
            default: "null"
            }
        }

        private static func CFBooleanLike(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
    }

    /// Keys that no world here prints.
    private static let rare: Set<String> = [
        "bytes_resumed", "room_bytes", "retires", "code", "constraint", "settled", "streamed_as_of",
    ]
    /// Those of a command that ends without a result.
    private static let ofErrors: Set<String> = ["kind", "message", "remedy", "file", "problems", "exit_status"]

    private var printed: [String: Printed] = [:]

    private mutating func ask(_ program: Program, _ arguments: String...) throws {
        let command = "tandem " + (arguments.first ?? "")
        let outcome = try program.outcome(of: program.start(arguments + ["--json"]))
        guard !outcome.output.isEmpty else { return }
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        if let ended = value as? [String: Any], ended.count == 1, let error = ended["error"] as? [String: Any] {
            #expect(Set(error.keys).subtracting(Self.ofErrors).isEmpty, "\(command): \(error.keys)")
            return
        }
        printed[command, default: Printed()].add(value, under: nil)
    }

    @Test mutating func whatIsPrintedIsDocumentedAndWhatIsDocumentedIsPrinted() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        let reader = "reader_" + database.suffix(12)
        func execute(_ sql: String) throws { try server.execute(sql, in: database) }
        try execute(
            """
            CREATE TABLE items (id int PRIMARY KEY, v numeric(10, 2), at timestamptz DEFAULT now());
            INSERT INTO items SELECT g, g FROM generate_series(1, 50) g;
            CREATE TABLE keyless (a int); INSERT INTO keyless VALUES (1);
            CREATE TABLE odd (id int, hidden text); CREATE TABLE hidden (id int);
            CREATE VIEW bad AS SELECT 1 / count(*) AS x FROM odd; ANALYZE;
            CREATE ROLE \(reader) LOGIN; GRANT SELECT ON items, keyless, bad TO \(reader); GRANT SELECT (id) ON odd TO \(reader)
            """
        )
        defer { _ = try? server.execute("DROP OWNED BY \(reader); DROP ROLE \(reader)", in: database) }
        let program = try Program()
        defer { program.remove() }
        func write(_ method: String, _ more: String = "", user: String = PostgresServer.user) throws {
            let text = Program.configuration(server, database, method: method, more: more)
            try program.write(text.replacing("user: \(PostgresServer.user)", with: "user: \(user)"))
        }
        // What stands in the way of a first run, and what fails in one.
        try write("FULL_TABLE", "    tables: [public.items, public.nowhere]\n")
        for command in ["check", "plan"] { try ask(program, command) }
        try write("FULL_TABLE", "    tables: [\"*.*\", \"!public.keyless\"]\n", user: reader)
        for command in ["check", "plan", "run", "status", "verify"] { try ask(program, command) }
        try ask(program, "discover", "shop")
        try ask(program, "setup", "shop")
        try ask(program, "query", "warehouse", "SELECT 1 AS a, NULL AS b")
        try ask(program, "connectors", "duckdb")
        try execute("DROP VIEW bad; UPDATE items SET v = 7 WHERE id = 3; ALTER TABLE items ADD extra int")
        for command in ["verify", "plan", "run"] { try ask(program, command) }

        let cursor = "    tables: [{name: public.items, cursor: at, lookback: 1h}]\n    deletes: compare\n"
        try write("INCREMENTAL", cursor)
        for command in ["run", "plan"] { try ask(program, command) }
        try execute("DELETE FROM items WHERE id = 5")
        try ask(program, "run")

        let followed = "    unfit_values: issue\n    tables: [public.items, public.keyless]\n"
        try write("LOG_BASED", followed)
        for command in ["plan", "run", "status"] { try ask(program, command) }
        try execute("UPDATE items SET v = 'NaN' WHERE id = 1; INSERT INTO keyless VALUES (2)")
        for command in ["run", "status", "issues", "verify"] { try ask(program, command) }
        try execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
        )
        try write("LOG_BASED", followed + "    on_gap: fail\n")
        for command in ["plan", "run", "status"] { try ask(program, command) }
        try ask(program, "teardown", "shop")
        try write("TRIGGER_BASED", "    auto_setup: true\n    tables: [public.items]\n")
        for command in ["run", "status", "rename"] { try ask(program, command) }
        try ask(program, "rename", "copy", "other")
        let wrong = try program.text("tandem.yaml").replacing("database: \(database)", with: "database: nowhere")
        try program.write(wrong)
        for command in ["check", "plan", "run", "status", "verify"] { try ask(program, command) }
        try compare()
    }

    private func compare() throws {
        for (command, printed) in printed.sorted(by: { $0.key < $1.key }) {
            let documented = try DocumentedJSON(of: command)
            let keys = Set(printed.top.keys)
            #expect(keys.subtracting(documented.top).isEmpty, "\(command): not documented")
            #expect(documented.top.subtracting(keys).subtracting(Self.rare).isEmpty, "\(command): not printed")
            for (name, values) in printed.under.sorted(by: { $0.key < $1.key }) {
                let known = documented.under[name] ?? []
                #expect(Set(values.keys).subtracting(known).isEmpty, "\(command), \(name): not documented")
                for (key, kinds) in values {
                    // A place that could not be asked says why, which is one text.
                    #expect(kinds.count == 1 || key == "remedy", "\(command), \(name).\(key): \(kinds)")
                }
            }
            for (name, keys) in documented.under where name != "triggers" {
                guard documented.top.contains(name) || printed.under[name] != nil else { continue }
                let seen = Set(printed.under[name].map(\.keys) ?? [:].keys)
                #expect(keys.subtracting(seen).subtracting(Self.rare).isEmpty, "\(command), \(name): not printed")
            }
            for (key, kinds) in printed.top { #expect(kinds.count == 1, "\(command), \(key): \(kinds)") }
        }
    }
}
