import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Settings that an administrator gives the role of a connection, at both ends: none of them changes what arrives.
@Suite(.blocking) struct HostileSettingTests {
    /// What a setting that takes any text, or one whose least and most are harmless, is set to.
    private static let chosen = [
        "DateStyle": "German, DMY", "TimeZone": "Asia/Kathmandu", "search_path": "evil, public, pg_catalog",
        "client_encoding": "LATIN1", "timezone_abbreviations": "Australia", "extra_float_digits": "-15",
        "statement_timeout": "200", "lock_timeout": "1", "idle_in_transaction_session_timeout": "100",
        "idle_session_timeout": "100", "transaction_timeout": "200", "wal_sender_timeout": "500",
        "gin_fuzzy_search_limit": "1", "restrict_nonsystem_relation_kind": "view, foreign-table", "work_mem": "64",
        "maintenance_work_mem": "1024", "logical_decoding_work_mem": "64", "default_statistics_target": "1",
        "temp_buffers": "100", "xmloption": "document", "client_min_messages": "error",
    ]

    /// What has no bearing on a connection of ours, or on purpose decides what it may do or use: whom it acts as, how
    /// much of the server it may take, and what it loads.
    private static let excluded: Set = [
        "role", "session_authorization", "is_superuser", "temp_file_limit", "max_stack_depth", "default_tablespace",
        "temp_tablespaces", "default_table_access_method", "dynamic_library_path", "session_preload_libraries",
        "local_preload_libraries", "jit_provider", "lc_messages", "lc_monetary", "lc_numeric", "lc_time",
        "default_text_search_config", "transaction_isolation", "transaction_read_only", "transaction_deferrable",
        "seed", "log_statement_stats", "log_parser_stats", "log_planner_stats", "log_executor_stats",
        "application_name", "debug_print_parse", "debug_print_plan", "debug_print_rewritten", "log_min_messages",
        "trace_sort", "trace_recovery_messages", "log_error_verbosity", "extension_control_path",
        "createrole_self_grant",
    ]

    private struct Setting: Sendable {
        let name: String
        let value: String
        /// For messages.
        var text: String { "\(name) = \(value)" }
    }

    /// One hostile value for each setting; `round` picks which.
    private static func settings(of database: TestDatabase, round: Int) async throws -> [Setting] {
        let rows = try await database.ask(
            """
            SELECT name, vartype, setting, coalesce(min_val, ''), coalesce(max_val, ''), coalesce(enumvals::text, '')
            FROM pg_settings WHERE context IN ('user', 'superuser') ORDER BY name
            """
        )
        return rows.compactMap { row in
            let name = row[0]
            guard !excluded.contains(name), !name.contains("."), !name.hasPrefix("tcp_") else { return nil }
            if let value = chosen[name] { return Setting(name: name, value: value) }
            switch row[1] {
            case "bool": return Setting(name: name, value: row[2] == "on" ? "off" : "on")
            case "integer", "real":
                let value = round % 2 == 0 ? row[3] : row[4]
                return Setting(name: name, value: value)
            case "enum":
                let others = row[5].dropFirst().dropLast().split(separator: ",").map {
                    $0.trimmingCharacters(in: CharacterSet(charactersIn: "\""))
                }.filter { $0 != row[2] }
                return others.isEmpty ? nil : Setting(name: name, value: others[round % others.count])
            default: return nil
            }
        }
    }

    private static let setup = """
        CREATE SCHEMA evil; CREATE FUNCTION evil.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE kinds (
            id int PRIMARY KEY, stamp bigint NOT NULL, f float8, g real, at timestamptz, lasts interval, b bytea, l text[],
            addresses inet[], n numeric, r tstzrange, d date, price money, bits bit(3), j jsonb, x xml, c char(5), note text
        );
        CREATE VIEW slow AS SELECT id, stamp, pg_sleep(0.3)::text AS pause FROM kinds WHERE id = 1;
        CREATE TABLE lines (rowid int, line text); ALTER TABLE lines REPLICA IDENTITY FULL;
        """

    private static func insert(_ id: Int, stamp: Int) -> String {
        """
        INSERT INTO kinds VALUES (\(id), \(stamp), 0.1 + 0.2, 0.3, '2024-05-06 07:08:09.123456+02', '1 mon -3 days 04:05:06',
            '\\x00ff5c27', '{NULL,"NULL","a\\\\b",""}', '{10.0.0.1,NULL}', 1.10, '["2024-01-01 00:00+01",)', '2024-02-03',
            1234.5, '101', '{"a": 1.0}', '<a/><b/>', 'x', E'caf\\u00e9 \\\\ €');
        INSERT INTO lines SELECT i % 2, 'line' FROM generate_series(1, 3) i;

        """
    }

    private static func tables(_ way: EveryWay) -> [String] {
        switch way.reading {
        case .whole: ["public.kinds", "public.lines", "public.slow"]
        case .cursor: ["public.kinds", "public.slow"]
        case .triggers: ["public.kinds"]
        case .pgoutput, .wal2json: ["public.kinds", "public.lines"]
        }
    }

    private static func rules(_ way: EveryWay) throws -> [TableRule] {
        let isRead = way.reading == .cursor
        return try tables(way).map { name in
            TableRule(try TablePattern(name), cursor: isRead ? ["stamp"] : [], lookback: isRead ? .number(0) : nil)
        }
    }

    /// Copies and changes beside `hostile` settings, and says what is not as it is without them.
    private func fault(_ way: EveryWay, in database: TestDatabase, under hostile: [Setting]) async throws -> String? {
        let role = "hostile_\(UUID().uuidString.prefix(8).lowercased())"
        try database.execute("CREATE ROLE \(role) LOGIN SUPERUSER")
        try database.execute("TRUNCATE kinds, lines; \(Self.insert(1, stamp: 1)) \(Self.insert(2, stamp: 1))")
        var route = try EveryWay.Route(way, from: database, Self.rules(way))
        route.user = role
        func set(_ settings: [Setting]) throws {
            try database.execute(
                "ALTER ROLE \(role) RESET ALL;\n"
                    + settings.map { setting in
                        let isList = ["search_path"].contains(setting.name)
                        return
                            "ALTER ROLE \(role) SET \(setting.name) = \(isList ? setting.value : "'\(setting.value)'");\n"
                    }.joined()
            )
        }
        do {
            try await route.run()
            try set(hostile)
            try database.execute("\(Self.insert(3, stamp: 2)) UPDATE kinds SET note = 'new', stamp = 2 WHERE id = 1")
            try database.execute("DELETE FROM lines WHERE ctid = (SELECT min(ctid) FROM lines)")
            let copied = try await route.run()
            if way.isFollowed, copied > 0 { return "\(copied) tables were copied again" }
            let differences = try await route.differences()
            if !differences.isEmpty { return "verify: \(differences)" }
            // As they arrive from a session that nobody has set anything for.
            var plain = try EveryWay.Route(
                EveryWay(reading: .whole, isIntoPostgres: way.isIntoPostgres),
                from: database,
                Self.rules(way)
            )
            plain.sync.name = "plain"
            try await plain.run()
            try set([])
            for table in Self.tables(way) {
                let sql = "SELECT * FROM \(table) ORDER BY 1, 2"
                let (found, wanted) = (try await route.ask(sql), try await plain.ask(sql))
                if found != wanted { return "\(table): \(found) in place of \(wanted)" }
            }
            let again = try await route.run()
            if way.isFollowed, again > 0 { return "\(again) tables were copied again once it was gone" }
            try plain.copy?.drop()
            try await route.tearDown()
            return nil
        } catch {
            try set([])
            try? await route.tearDown()
            return "\(error)"
        }
    }

    /// The setting that makes a difference by itself, if one does.
    private func culprit(
        _ way: EveryWay,
        in database: TestDatabase,
        among settings: [Setting]
    ) async throws -> String {
        guard settings.count > 1 else { return settings.first?.text ?? "" }
        for half in [settings[..<(settings.count / 2)], settings[(settings.count / 2)...]]
        where try await fault(way, in: database, under: Array(half)) != nil {
            return try await culprit(way, in: database, among: Array(half))
        }
        return "several together: " + settings.map(\.text).joined(separator: ", ")
    }

    private static let cases = EveryWay.all.map { ($0, 0) } + EveryWay.all.filter(\.isIntoPostgres).map { ($0, 1) }

    @Test(arguments: cases) func noneOfThemChangesWhatArrives(way: EveryWay, round: Int) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(Self.setup)
        let settings = try await Self.settings(of: database, round: round)
        #expect(settings.count > 100)
        if let fault = try await fault(way, in: database, under: settings) {
            print("\(way.testDescription), \(fault); looking for the setting")
            Issue.record("\(fault); by \(try await culprit(way, in: database, among: settings))")
        }
        try database.drop()
    }
}
