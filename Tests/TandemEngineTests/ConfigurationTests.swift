import TandemCore
import TandemEngine
import TandemRows
import Testing

struct ConfigurationTests {
    @Test func everythingIsReadAsWritten() throws {
        let configuration = try Sample.load(
            """
            connections:
              shop:
                type: postgres
                host: ${HOST:-db.internal}
                port: 5432
                password: pre${SECRET}post$$
                database: yes
              house: {type: duckdb, path: "w.duckdb"}
            syncs:
              one:
                from: shop
                to: house
              two:
                from: shop
                to: house
                method: FULL_TABLE
                tables:
                  - public.*
                  - "!public.audit_*"
                  - orders
                  - name: '"odd.schema"."Ta ""ble"'
                    columns: [id, "na*"]
                    target: Reports.odd
                  - name: public.events
                    method: INCREMENTAL
                    cursor: updated_at
                    columns: ["!body"]
                into: analytics
                unfit_values: clamp
                numeric: decimal(38, 10)
                schedule: every 90m
                auto_setup: true
            """,
            environment: ["SECRET": "s3cret"]
        )
        let shop = try #require(configuration.connection("shop"))
        #expect(shop.type == "postgres" && shop.line == 2)
        // Scalars keep their text: no number, no Boolean.
        #expect(
            shop.settings == ["host": "db.internal", "port": "5432", "password": "pres3cretpost$", "database": "yes"]
        )
        #expect(configuration.connections.map(\.name) == ["shop", "house"])
        let project = configuration.project
        #expect(
            configuration.sync("one")
                == SyncConfiguration(name: "one", project: project, from: "shop", to: "house", line: 10)
        )
        let two = try #require(configuration.sync("two"))
        #expect(two.method == .fixed(.fullTable) && two.into == "analytics" && two.unfitValues == .clamp)
        #expect(two.numeric == .decimal(precision: 38, scale: 10))
        #expect(two.schedule == .every(seconds: 5400) && two.autoSetup && two.deletes == .hard)
        #expect(two.tables.map(\.excludes) == [false, true, false, false, false])
        #expect(two.tables.map(\.line) == [18, 19, 20, 21, 24])
        #expect(two.tables[2].pattern.literal == TableName(schema: "public", table: "orders"))
        #expect(two.tables[3].pattern.literal == TableName(schema: "odd.schema", table: "Ta \"ble"))
        #expect(two.tables[3].columns == .only([try NamePattern("id"), try NamePattern("na*")]))
        #expect(two.tables[3].target == TargetRule(schema: "Reports", table: "odd"))
        #expect(two.tables[4].columns == .except([try NamePattern("body")]))
        #expect(two.tables[4].method == .fixed(.incremental) && two.tables[4].cursor == ["updated_at"])
    }

    @Test func anchorsAndMergesSaveRepetition() throws {
        let configuration = try Sample.load(
            """
            connections:
              a: &base
                type: postgres
                host: one
                port: 1
              b:
                <<: *base
                host: two
            """
        )
        #expect(configuration.connection("b")?.settings == ["host": "two", "port": "1"])
    }

    @Test func theTemplateLoads() throws {
        let environment = ["SHOP_PASSWORD": "x"]
        let configuration = try Sample.load(ConfigurationTemplate.text, environment: environment)
        #expect(configuration.syncs.map(\.name) == ["shop_to_warehouse"])
        // So does all that it has in comments.
        let uncommented = ConfigurationTemplate.text.split(separator: "\n", omittingEmptySubsequences: false).map {
            line in
            guard let hash = line.firstIndex(of: "#"), line[..<hash].allSatisfy({ $0 == " " }) else {
                return String(line)
            }
            let rest = line[hash...].dropFirst(2)
            return rest.firstMatch(of: /^ *(- |[a-z_]+:( |$))/) != nil ? String(line[..<hash]) + rest : ""
        }
        let full = try Sample.load(uncommented.joined(separator: "\n"), environment: environment)
        #expect(full.syncs.first?.tables.count == 5)
        #expect(full.connection("shop")?.settings["sslmode"] == "verify-full")
    }

    @Test func aByteOrderMarkAndWindowsLinesAreFine() throws {
        let text = "\u{FEFF}connections:\r\n  shop:\r\n    type: postgres\r\n    host: h\r\n"
        #expect(try Sample.load(text).connection("shop")?.settings == ["host": "h"])
    }
}

/// What the tests load configurations with.
enum Sample {
    static let connectors = ConnectorDirectory(entries: [
        .init(
            name: "postgres",
            settings: ["host", "port", "user", "password", "database", "url", "sslmode", "sslrootcert"],
            problems: { settings in
                var wrong: [InvalidSetting] = []
                if let port = settings["port"], Int(port) == nil {
                    wrong.append(
                        InvalidSetting(name: "port", reason: "must be a whole number from 1 to 65535, not \"\(port)\"")
                    )
                }
                return wrong
            }
        ),
        .init(
            name: "duckdb",
            settings: ["path"],
            problems: { $0["path"] == nil ? [InvalidSetting(name: "path", reason: "is missing: the file")] : [] }
        ),
    ])

    static func load(_ text: String, environment: [String: String] = [:]) throws(ConfigurationProblems) -> Configuration
    {
        try Configuration.parse(
            Array(text.utf8),
            file: "tandem.yaml",
            environment: environment,
            connectors: connectors
        )
    }

    /// The problems of `text`, a line each; empty where there is none.
    static func problems(_ text: String, environment: [String: String] = [:]) -> String {
        do {
            _ = try load(text, environment: environment)
            return ""
        } catch {
            return error.description
        }
    }
}
