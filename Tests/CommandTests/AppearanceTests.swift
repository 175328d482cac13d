import Foundation
import TandemTesting
import Testing

/// What people see: colours, widths, numbers of things, completions.
@Suite(.blocking) struct AppearanceTests {
    private static let configuration = """
        connections:
          shop: {type: postgres, host: 127.0.0.1, port: 1, user: u, database: d, password: "${NOT_SET_ANYWHERE}"}
          warehouse: {type: duckdb, path: w.duckdb}
        syncs:
          nightly: {from: shop, to: warehouse, method: FULL_TABLE}
          hourly: {from: shop, to: warehouse, into: h, method: FULL_TABLE}
        """

    private static let types = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../../docs/types.md"
    )

    private func width(_ text: String) -> Int { text.split(whereSeparator: \.isNewline).map(\.count).max() ?? 0 }

    /// Runs `command` where standard output and standard error are a terminal.
    private func onTerminal(_ program: Program, _ command: String, _ variables: [String: String] = [:]) throws -> String
    {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/script")
        process.arguments = ["-qec", command, "/dev/null"]
        process.currentDirectoryURL = program.folder
        process.environment = ["PATH": "/usr/bin:/bin", "TERM": "xterm"].merging(variables) { $1 }
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    @Test func coloursAreForTerminalsAndForWhoAsks() throws {
        let program = try Program()
        defer { program.remove() }
        let (escape, path) = ("\u{1B}[", try Program.path.path)
        #expect(try !program.run("plan").errors.contains(escape))
        #expect(try program.run("plan", "--color", "always").errors.contains("\(escape)31merror:\(escape)0m"))
        #expect(try program.run("plan", "--color=always", "--nonsense").errors.contains(escape))
        #expect(try program.run("plan", "--color", "pink").status == 2)
        let words = "plan; true"
        #expect(try onTerminal(program, "\(path) \(words)").contains(escape))
        for (variables, option) in [(["NO_COLOR": "1"], ""), (["TERM": "dumb"], ""), ([:], "--color never")] {
            #expect(try !onTerminal(program, "\(path) plan \(option); true", variables).contains(escape))
        }
    }

    @Test func tablesFitTheTerminal() throws {
        let program = try Program()
        defer { program.remove() }
        #expect(width(try program.run("connectors", "postgres").output) <= 80)
        let path = try Program.path.path
        for columns in [60, 100] {
            let text = try onTerminal(program, "stty cols \(columns); \(path) connectors postgres --color never")
            #expect(width(text) <= columns)
            #expect(width(text) > columns - 20 && text.contains("max_slot_wal_policy"))
        }
    }

    @Test func aRunIsReadableOnEightyColumnsAndCountsWell() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            "CREATE TABLE customers_of_last_year (id int); INSERT INTO customers_of_last_year VALUES (1)",
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        let run = try program.run("run").output
        #expect(width(run) <= 80 && run.contains("copy: 1 table, 1 row, "), "\(run)")
        #expect(try program.run("verify", "copy").output.hasSuffix("\nThe table is equal.\n"))
        try server.execute("INSERT INTO customers_of_last_year VALUES (2)", in: database)
        #expect(try program.run("verify", "copy").output.contains("1 of 1 table differs."))
        // Where names differ they are told, and go on below.
        let long = "a_schema_with_a_name_that_leaves_no_room_for_anything_else"
        try program.write(Program.configuration(server, database, more: "    into: \(long)"))
        let wide = try program.run("run").output
        let rules = wide.split(separator: "\n").filter { $0.hasPrefix("──") }
        #expect(rules.map(\.count) == [80] && wide.contains("read"), "\(wide)")
        try program.write(Self.configuration)
        #expect(try program.run("check", "warehouse").output.contains("0 errors, 0 warnings"))
        let away = try program.run("check", "shop", environment: ["NOT_SET_ANYWHERE": "x"])
        #expect(away.output.contains("1 error, 0 warnings"), "\(away.output)")
    }

    /// A name may hold what a terminal acts on.
    @Test func namesAreShownAndNotActedOn() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        let name = "a\u{1B}]0;b\u{7}\u{9B}1m\u{202E}c"
        try server.execute("CREATE TABLE \"\(name)\" (id int); INSERT INTO \"\(name)\" VALUES (1)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        let path = try Program.path.path
        for command in ["plan", "run", "status", "run --quiet", "verify", "discover shop"] {
            let text = try onTerminal(program, "\(path) \(command) --color never")
            #expect(!text.unicodeScalars.contains { ["\u{7}", "\u{9B}", "\u{202E}"].contains($0) }, "\(command)")
            #expect(!text.contains("\u{1B}]"), "\(command)")
            let whole = text.filter { !$0.isWhitespace }
            #expect(command.contains("quiet") || whole.contains("\\x1b]0;b\\x7"), "\(command): \(text)")
        }
        // What is not selected is named on standard error.
        try program.write(Program.configuration(server, database, more: "    tables: {include: [public.none]}"))
        let run = try program.run("run")
        #expect(!run.errors.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
    }

    @Test func completionsKnowNamesAndValues() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE orders (id int)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("run").status == 0)
        func complete(_ words: String...) throws -> [String] {
            let script = """
                tandem() { \(try Program.path.path) "$@"; }
                source <(tandem --generate-completion-script bash)
                COMP_WORDS=(\((["tandem"] + words).map { "'\($0)'" }.joined(separator: " "))); COMP_CWORD=\(words.count)
                COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
                _tandem tandem '\(words.last ?? "")' '\(words.dropLast().last ?? "tandem")'
                printf '%s\\n' "${COMPREPLY[@]}"
                """
            try program.write(script, to: "complete.sh")
            let process = Process()
            process.executableURL = URL(filePath: "/bin/bash")
            process.arguments = ["complete.sh"]
            process.currentDirectoryURL = program.folder
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return text.split(separator: "\n").map { $0.filter { $0 != " " } }
        }
        #expect(try complete("reset", "copy", "--table", "").contains("public.orders"))
        // No variable has to be set, and no connection to be there.
        try program.write(Self.configuration)
        #expect(Set(try complete("run", "")).isSuperset(of: ["nightly", "hourly"]))
        #expect(Set(try complete("query", "")).isSuperset(of: ["shop", "warehouse"]))
        #expect(Set(try complete("check", "")).isSuperset(of: ["nightly", "warehouse"]))
        #expect(try complete("setup", "shop", "--plugin", "").sorted() == ["pgoutput", "wal2json"])
        #expect(try complete("run", "--color", "").sorted() == ["always", "auto", "never"])
        #expect(try complete("connectors", "").contains("duckdb"))
    }

    @Test func whatTheWarehouseHoldsNoRulesOfIsToldAsTheDocumentationSays() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric);
            INSERT INTO t (amount) SELECT 0.1 FROM generate_series(1, 1000);
            INSERT INTO t (amount) VALUES ('NaN'), (0.000001);
            """,
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("run").status == 0)
        func ask(_ sql: String) throws -> [[String?]] {
            try json(program.run("query", "warehouse", sql, "--json").output, as: Answer.self).rows
        }
        #expect(try ask("SELECT sum(TRY_CAST(amount AS DECIMAL(38, 6))) FROM public.t") == [["100.000001"]])
        #expect(try ask("SELECT max(length(split_part(amount, '.', 2))) FROM public.t") == [["6"]])
        let page = try String(contentsOf: Self.types, encoding: .utf8)
        let queries = page.matches(of: /`(SELECT [^`]* FROM tandem\.tables\)?)`/).map { String($0.1) }
        let answers = try queries.map(ask)
        #expect(answers.first == [["public", "t", #"["id"]"#]])
        #expect(answers.last == [["t", "id", "integer"], ["t", "amount", "numeric"]])
    }
}
