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
                add(value, under: key)
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
        "bytes_resumed", "room_bytes", "wal_status", "is_read", "lag_bytes", "lag_seconds", "kept_bytes", "plugin",
        "retires", "line", "code", "constraint", "settled", "not_compared", "streamed_as_of", "as_of",
    ]

    private var printed: [String: Printed] = [:]

    private mutating func ask(_ program: Program, _ arguments: String...) throws {
        let command = "tandem " + (arguments.first ?? "")
        let outcome = try program.outcome(of: program.start(arguments + ["--json"]))
        guard !outcome.output.isEmpty else { return }
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        printed[command, default: Printed()].add(value, under: nil)
    }

    @Test mutating func whatIsPrintedIsDocumentedAndWhatIsDocumentedIsPrinted() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE TABLE items (id int PRIMARY KEY, v numeric, at timestamptz DEFAULT now());
            INSERT INTO items SELECT g, g FROM generate_series(1, 50) g;
            CREATE TABLE keyless (a int); INSERT INTO keyless VALUES (1);
            CREATE TABLE gone (id int PRIMARY KEY); CREATE VIEW bad AS SELECT 1 / count(*) AS x FROM gone
            """,
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        func write(_ method: String, _ more: String = "") throws {
            try program.write(Program.configuration(server, database, method: method, more: more))
        }
        let every = ["check", "plan", "run", "status", "verify", "issues"]
        try write("FULL_TABLE", "    tables: [\"*.*\", \"!public.keyless\"]\n")
        try program.write("not a database, but text that is longer than a header", to: "warehouse.duckdb")
        for command in every { try ask(program, command) }
        try FileManager.default.removeItem(at: program.folder.appending(path: "warehouse.duckdb"))
        for command in every { try ask(program, command) }
        try ask(program, "discover", "shop")
        try ask(program, "setup", "shop")
        try ask(program, "query", "warehouse", "SELECT 1 AS a, NULL AS b")
        try ask(program, "connectors", "duckdb")
        try server.execute("DROP VIEW bad; DROP TABLE gone; UPDATE items SET v = 7 WHERE id = 3", in: database)
        for command in every.reversed() { try ask(program, command) }

        let cursor = "    tables: [{name: public.items, cursor: at, lookback: 1h}]\n    deletes: compare\n"
        try write("INCREMENTAL", cursor)
        for command in every { try ask(program, command) }
        try server.execute("DELETE FROM items WHERE id = 5", in: database)
        for command in every { try ask(program, command) }

        try write("LOG_BASED", "    unfit_values: issue\n    tables: [public.items, public.nowhere]\n")
        try ask(program, "plan")
        try write("LOG_BASED", "    unfit_values: issue\n")
        for command in every { try ask(program, command) }
        try server.execute("UPDATE items SET v = 'NaN' WHERE id = 1; ALTER TABLE items ADD extra int", in: database)
        for command in every.reversed() { try ask(program, command) }
        for command in every { try ask(program, command) }
        try ask(program, "teardown", "shop")
        try write("TRIGGER_BASED", "    auto_setup: true\n    tables: [public.items]\n")
        for command in every { try ask(program, command) }
        try ask(program, "teardown", "shop")
        let wrong = Program.configuration(server, database).replacing(
            "database: \(database)",
            with: "database: nowhere"
        )
        try program.write(wrong)
        for command in every { try ask(program, command) }
        try server.execute("SELECT 1", in: database)
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
            for (name, keys) in documented.under where documented.top.contains(name) || printed.under[name] != nil {
                let seen = Set(printed.under[name].map(\.keys) ?? [:].keys)
                #expect(keys.subtracting(seen).subtracting(Self.rare).isEmpty, "\(command), \(name): not printed")
            }
            for (key, kinds) in printed.top { #expect(kinds.count == 1, "\(command), \(key): \(kinds)") }
        }
    }
}
