import Foundation
import TandemCore
import TandemEngine
import Testing

/// The exact words for everything that can be wrong.
struct ConfigurationProblemTests {
    static let head = """
        connections:
          shop: {type: postgres, host: h}
          house: {type: duckdb, path: p}
        syncs:
          s:

        """

    /// A sync's body from line 6 on, and what is said of it.
    static let syncs: [(String, String)] = [
        ("from: shop\nto: house\ntabels: [a]", "8: unknown key \"tabels\"; did you mean \"tables\"?"),
        (
            "from: shop\nto: house\nqwertz: [a]",
            "8: unknown key \"qwertz\"; there are from, to, method, tables, into, deletes, compare_every, synced_at, unfit_values, numeric, on_gap, auto_setup"
        ),
        ("to: house", "5: sync \"s\" lacks \"from\"; it names a connection"),
        ("from: shop", "5: sync \"s\" lacks \"to\"; it names a connection"),
        ("from: shpo\nto: house", "6: no connection is called \"shpo\"; did you mean \"shop\"?"),
        ("from: elsewhere\nto: house", "6: no connection is called \"elsewhere\"; there are shop, house"),
        ("from: shop\nto: shop", "7: \"from\" and \"to\" are both \"shop\"; a sync has two ends"),
        (
            "from: shop\nto: house\nmethod: full_table",
            "8: \"method\" cannot be \"full_table\"; did you mean \"FULL_TABLE\"?"
        ),
        (
            "from: shop\nto: house\nmethod: CDC",
            "8: \"method\" cannot be \"CDC\"; there are auto, FULL_TABLE, INCREMENTAL, LOG_BASED, TRIGGER_BASED"
        ),
        ("from: shop\nto: house\ndeletes: sotf", "8: \"deletes\" cannot be \"sotf\"; did you mean \"soft\"?"),
        (
            "from: shop\nto: house\nunfit_values: drop",
            "8: \"unfit_values\" cannot be \"drop\"; there are text, clamp, issue"
        ),
        ("from: shop\nto: house\nauto_setup: 1", "8: \"auto_setup\" must be true or false, not \"1\""),
        ("from: shop\nto: house\ninto:", "8: \"into\" has no value"),
        ("from: shop\nto: house\ninto: \"\"", "8: \"into\" is empty"),
        ("from: shop\nto: house\ninto: [a]", "8: \"into\" must be a single value, not a list"),
        ("from: shop\nto: house\nto: house", "8: key \"to\" is already on line 7; keep one of them"),
        (
            "from: shop\nto: house\ntables: public.*",
            "8: \"tables\" must be a list, such as `- public.*`, not a single value"
        ),
        ("from: shop\nto: house\ntables: []", "8: \"tables\" is an empty list; leave it out, or write `- public.*`"),
        (
            "from: shop\nto: house\ntables:\n  - a.b.c",
            "9: \"a.b.c\" has more than one dot; write schema.table, and a name that holds a dot in double quotes"
        ),
        ("from: shop\nto: house\ntables:\n  - a.", "9: \"a.\" has an empty name"),
        ("from: shop\nto: house\ntables:\n  - 'a.\"b'", "9: \"a.\"b\" lacks its closing double quote"),
        ("from: shop\nto: house\ntables:\n  - 'a.\"b\"c'", "9: \"a.\"b\"c\" goes on after a closing double quote"),
        (
            "from: shop\nto: house\ntables:\n  - !public.audit",
            "9: !public.audit starts with !, which YAML takes for a tag; put it in quotes"
        ),
        (
            "from: shop\nto: house\ntables:\n  - [a]",
            "9: \"tables\" must hold patterns and {name: …}, not a list in a list"
        ),
        (
            "from: shop\nto: house\ntables:\n  - {columns: [a]}",
            "9: a table lacks \"name\"; write {name: public.orders, …}"
        ),
        (
            "from: shop\nto: house\ntables:\n  - {name: \"!a\"}",
            "9: what is left out has no settings; write - \"!a\""
        ),
        (
            "from: shop\nto: house\ntables:\n  - {name: a, colums: [b]}",
            "9: unknown key \"colums\"; did you mean \"columns\"?"
        ),
        (
            "from: shop\nto: house\ntables:\n  - {name: a, columns: [b, \"!c\"]}",
            "9: \"columns\" either names what is copied or, with !, what is left out, not both"
        ),
        (
            "from: shop\nto: house\ntables:\n  - {name: a, columns: []}",
            "9: \"columns\" is an empty list; leave it out, or write `[\"!card_number\"]`"
        ),
        (
            "from: shop\nto: house\ntables:\n  - {name: a*, target: b}",
            "9: \"target\" names one table, but a* may match several; use \"into\" for their schema"
        ),
        (
            "from: shop\nto: house\ntables:\n  - {name: a, target: b.c.d}",
            "9: \"target\" must be TABLE or SCHEMA.TABLE; put a name that holds a dot in double quotes"
        ),
        (
            "from: shop\nto: house\ntables:\n  - a\n  - public.b\n  - a",
            "11: a is already on line 9; say all about it in one place"
        ),
        (
            "from: shop\nto: house\nmethod: FULL_TABLE\ndeletes: soft",
            "9: \"deletes: soft\" does not go with FULL_TABLE, which replaces the whole table; take it out"
        ),
        (
            "from: shop\nto: house\ndeletes: soft\ntables: [{name: a, method: INCREMENTAL, cursor: c}]",
            "8: \"deletes: soft\" does not go with INCREMENTAL, which does not see deletes; take it out"
        ),
        (
            "from: shop\nto: house\nmethod: LOG_BASED\ntables: [{name: a, cursor: c}]",
            "9: \"cursor\" of a goes with INCREMENTAL only, not with LOG_BASED; take one out"
        ),
        (
            "from: shop\nto: house\ntables: [{name: a, method: INCREMENTAL}]",
            "8: INCREMENTAL needs \"cursor\": the column of a that grows with every change"
        ),
        (
            "from: shop\nto: house\ntables: [{name: a, method: INCREMENTAL, cursor: c, lookback: soon}]",
            "8: \"lookback\" must be a time such as 30s, 15m, 1h or 2d, or for a number a whole number, not \"soon\""
        ),
        (
            "from: shop\nto: house\ntables: [{name: a, lookback: 5m}]",
            "8: \"lookback\" goes with a \"cursor\"; name it beside"
        ),
        (
            "from: shop\nto: house\ndeletes: compare",
            "8: \"deletes: compare\" is for INCREMENTAL tables, and none has a \"cursor\"; other methods see deletes"
        ),
        (
            "from: shop\nto: house\ncompare_every: 2",
            "8: \"compare_every\" goes with \"deletes: compare\" only"
        ),
        (
            "from: shop\nto: house\ntables: [{name: a, cursor: c}]\ndeletes: compare\ncompare_every: 0",
            "10: \"compare_every\" must be a whole number above 0, not \"0\""
        ),
        (
            "from: shop\nto: house\nmethod: INCREMENTAL",
            "8: INCREMENTAL needs to know each table's cursor: {name: …, cursor: updated_at}"
        ),
        (
            "from: shop\nto: house\nmethod: FULL_TABLE\nschedule: continuous",
            "9: \"schedule: continuous\" does not go with FULL_TABLE, which copies whole tables; write `every 1h`"
        ),
        (
            "from: shop\nto: house\nschedule: hourly",
            "8: \"schedule\" must be `every 1h` (s, m, h or d), a cron line of five fields, or `continuous`, not \"hourly\""
        ),
        (
            "from: shop\nto: house\nschedule: every 1w",
            "8: \"schedule\" must say how often as 30s, 15m, 1h or 2d, at most 365d, not \"1w\""
        ),
        (
            "from: shop\nto: house\nschedule: 0 25 * * *",
            "8: \"schedule\" has \"25\" as the hour, which must be 0 to 23, as in *, 5, 1-5, */10 or 1,15"
        ),
        (
            "between: [shop, house]\npairs: []",
            "6: two-way syncs (\"between\", \"pairs\") are not part of this version; one-way ones have \"from\" and \"to\""
        ),
        (
            "from: shop\nto: ${NOWHERE}",
            "7: environment variable NOWHERE is not set; set it, or write ${NOWHERE:-default} to do without"
        ),
        ("from: shop\nto: ${NOWHERE", "7: \"${\" lacks its \"}\"; write \"$$\" for a dollar sign"),
        ("from: shop\nto: ${NO-WHERE}", "7: ${…} must hold the name of an environment variable: letters, digits and _"),
        // What came from the environment may be a secret in the wrong place.
        (
            "from: shop\nto: house\ninto: a\nmethod: ${SECRET}",
            "9: \"method\" cannot be the variable's value; there are auto, FULL_TABLE, INCREMENTAL, LOG_BASED, TRIGGER_BASED"
        ),
    ]

    static let decimals = [
        "decimal(39, 2)", "decimal(38, 10", "decimal((38,10))", "decimal(38,10))", "decimal)38,10(", "decimal 38,10",
        "decimal(38 10)", "dec imal(38, 10)", "decimal(3 8, 10)", "(decimal,38,10)", "decimal(2, 3)", "decimal(0, 0)",
        "decimal(+8, 2)", "decimal(8, -2)", "decimal(8)", "decimal", "te xt", "decimal(8,2)[]", "decimal(8,,2)",
    ]

    @Test(arguments: decimals) func ofNumeric(word: String) {
        let lines = ["from: shop", "to: house", "numeric: \"\(word)\""].map { "    \($0)\n" }
        let told = Sample.problems(Self.head + lines.joined(), environment: [:])
        let remedy = "write text, or decimal(38, 10): at most 38 digits, and how many of them come after the point"
        #expect(told == "tandem.yaml:8: \"numeric\" cannot be \"\(word)\"; \(remedy)")
    }

    @Test(arguments: syncs) func ofSyncs(body: String, problem: String) {
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
        let told = Sample.problems(Self.head + lines.joined(separator: "\n") + "\n", environment: ["SECRET": "hunter2"])
        #expect(told == "tandem.yaml:" + problem)
    }

    static let files: [(String, String)] = [
        ("", "tandem.yaml: is empty"),
        ("# nothing\n", "tandem.yaml: is empty"),
        ("syncs:\n", "tandem.yaml: \"connections\" is missing; it names each database and how to reach it"),
        ("[a]", "tandem.yaml:1: \"the file\" must hold keys and values, such as `connections:`, not a list"),
        (
            "connections:\n",
            "tandem.yaml:1: \"connections\" has nothing below it; write `NAME: {type: postgres, …}` there"
        ),
        ("connection:\n  a: 1\n", "tandem.yaml:1: unknown key \"connection\"; did you mean \"connections\"?"),
        (
            "connections:\n  a: {host: h}\n",
            "tandem.yaml:2: connection \"a\" lacks \"type\"; there are postgres, duckdb"
        ),
        (
            "connections:\n  a: {type: postgrse}\n",
            "tandem.yaml:2: \"type\" cannot be \"postgrse\"; did you mean \"postgres\"?"
        ),
        (
            "connections:\n  a:\n    type: postgres\n    hots: h\n",
            "tandem.yaml:4: unknown key \"hots\"; did you mean \"host\"?"
        ),
        (
            "connections:\n  a:\n    type: postgres\n    port: x\n",
            "tandem.yaml:4: \"port\" of connection \"a\" must be a whole number from 1 to 65535, not \"x\""
        ),
        (
            "connections:\n  a:\n    type: postgres\n    port: ${SECRET}\n",
            "tandem.yaml:4: \"port\" of connection \"a\" must be a whole number from 1 to 65535, not the variable's value"
        ),
        ("connections:\n  a: {type: duckdb}\n", "tandem.yaml:2: \"path\" of connection \"a\" is missing: the file"),
        (
            "connections:\n  -a: {type: postgres}\n",
            "tandem.yaml:2: connection name \"-a\" must be letters, digits, _, - and ., 63 bytes at most, and not start with - or ."
        ),
        (
            "connections:\n  a: {type: postgres}\n  \"a\": {type: postgres}\n",
            "tandem.yaml:3: key \"a\" is already on line 2; keep one of them"
        ),
        ("connections:\n\ta: 1\n", "tandem.yaml:2: a tab starts the line; YAML is indented with spaces"),
        (
            "connections:\n  a: {type: postgres, host: h: i}\n",
            "tandem.yaml:2: this is not YAML: did not find expected ',' or '}' while parsing a flow mapping; a comma or a closing bracket is missing, or a value that holds a colon and a space needs quotes"
        ),
        (
            "connections:\n  a:\n    host: h: i\n",
            "tandem.yaml:3: this is not YAML: mapping values are not allowed in this context; keys that belong together start in one column; a value that holds a colon and a space needs quotes"
        ),
        (
            "connections:\n  a: {type: postgres}\nsyncs:\n  s:\n    tables:\n      - *.*\n",
            "tandem.yaml:6: this is not YAML: did not find expected alphabetic or numeric character while scanning an alias; a pattern that starts with * must be in quotes"
        ),
        (
            "connections:\n  a: 'b\n",
            "tandem.yaml:2: this is not YAML: found unexpected end of stream while scanning a quoted scalar; a quote is not closed"
        ),
        (
            "connections:\n  a: {type: postgres}\n---\nsyncs:\n",
            "tandem.yaml:3: this is not YAML: but found another document expected a single document in the stream"
        ),
    ]

    @Test(arguments: files) func ofFiles(text: String, problem: String) {
        #expect(Sample.problems(text, environment: ["SECRET": "hunter2"]) == problem)
    }

    @Test func allAreToldAtOnceByLine() {
        let told = Sample.problems(
            """
            connections:
              shop:
                type: postgres
                port: x
                port: 7
                host: ${NOWHERE}
              house: {type: duckbd}
            syncs:
              s:
                from: shop
                to: house
                method: all
                tables: [a..b, {nam: c}]
              t:
                from: shpo
            more: 1
            """
        )
        #expect(
            told == """
                tandem.yaml:4: "port" of connection "shop" must be a whole number from 1 to 65535, not "x"
                tandem.yaml:5: key "port" is already on line 4; keep one of them
                tandem.yaml:6: environment variable NOWHERE is not set; set it, or write ${NOWHERE:-default} to do without
                tandem.yaml:7: "type" cannot be "duckbd"; did you mean "duckdb"?
                tandem.yaml:12: "method" cannot be "all"; there are auto, FULL_TABLE, INCREMENTAL, LOG_BASED, TRIGGER_BASED
                tandem.yaml:13: "a..b" has an empty name
                tandem.yaml:13: unknown key "nam"; did you mean "name"?
                tandem.yaml:13: a table lacks "name"; write {name: public.orders, …}
                tandem.yaml:14: sync "t" lacks "to"; it names a connection
                tandem.yaml:15: no connection is called "shpo"; did you mean "shop"?
                tandem.yaml:16: unknown key "more"; there are project, connections, syncs
                """
        )
    }

    @Test func aFileThatCannotBeReadIsToldWithTheRemedy() throws {
        let folder = FileManager.default.temporaryDirectory.path
        let missing = try #require(problems(of: "\(folder)/no-such-tandem.yaml"))
        #expect(missing.description == "\(folder)/no-such-tandem.yaml: there is no such file")
        #expect(missing.remedy?.text.contains("tandem init") == true)
        #expect(problems(of: folder)?.description == "\(folder): cannot be read: Is a directory")
    }

    private func problems(of file: String) -> ConfigurationProblems? {
        do {
            _ = try Configuration.load(file: file, environment: [:], connectors: Sample.connectors)
            return nil
        } catch {
            return error
        }
    }

    @Test func whatIsNotUTF8IsToldWithItsLine() {
        let bytes = Array("connections:\n  a: \n    type: ".utf8) + [0xFF, 0x0A]
        #expect {
            try Configuration.parse(bytes, file: "t.yaml", environment: [:], connectors: Sample.connectors)
        } throws: { error in
            "\(error)" == "t.yaml:3: this is not UTF-8; save the file in that encoding"
        }
    }

    @Test func aFileOfManyMegabytesIsRefused() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: 2 << 20)
        #expect(throws: ConfigurationProblems.self) {
            try Configuration.parse(bytes, file: "t.yaml", environment: [:], connectors: Sample.connectors)
        }
    }
}
