import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What a user sees who may not do everything.
@Suite(.blocking) struct CatalogPrivilegeTests {
    private let user = "reader_" + UUID().uuidString.prefix(8).lowercased()

    /// Calls `body` with the catalog as the user sees it after `sql`, in which `READER` stands for the user.
    private func withTables(
        _ version: PostgresServer.Version,
        _ sql: String,
        _ body: (TestDatabase, [String: PostgresTable]) throws -> Void
    ) throws {
        let database = try TestDatabase(version)
        try database.execute("CREATE USER \(user); " + sql.replacing("READER", with: user))
        defer { _ = try? database.execute("DROP OWNED BY \(user); DROP USER \(user)") }
        try body(database, tables(database))
    }

    private func tables(_ database: TestDatabase) throws -> [String: PostgresTable] {
        var config = database.config
        config.user = user
        let session = try Session(config, in: .test)
        return try Dictionary(uniqueKeysWithValues: CatalogReader(session).tables().map { ($0.name.table, $0) })
    }

    private func answer(_ table: PostgresTable?, _ method: Method = .fullTable) -> (reason: String, sql: [String])? {
        guard case .unusable(let reason, let remedy) = table?.methods[method] else { return nil }
        return (reason, remedy?.sql ?? [])
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func grantsPerTableAndColumn(version: PostgresServer.Version) throws {
        try withTables(
            version,
            """
            CREATE TABLE closed (id int PRIMARY KEY); CREATE TABLE open (id int PRIMARY KEY); GRANT SELECT ON open TO READER;
            CREATE TABLE half (id int PRIMARY KEY, "First Name" text, ssn text, b int NOT NULL UNIQUE);
            GRANT SELECT ("First Name", b) ON half TO READER;
            CREATE SCHEMA locked; CREATE TABLE locked.granted (id int); GRANT SELECT ON locked.granted TO READER;
            CREATE TABLE locked.ungranted (id int); CREATE TABLE written (id int); GRANT SELECT, INSERT ON written TO READER;
            """
        ) { database, tables in
            #expect(tables.count == 6)
            #expect(answer(tables["open"]) == nil)
            #expect(tables["open"]?.isWritable == false && tables["written"]?.isWritable == true)
            let closed = answer(tables["closed"])
            #expect(closed?.reason == "The user \"\(user)\" may not SELECT from it.")
            #expect(closed?.sql == ["GRANT SELECT ON \"public\".\"closed\" TO \"\(user)\""])
            #expect(answer(tables["granted"])?.reason.contains("no USAGE on the schema \"locked\"") == true)
            #expect(answer(tables["ungranted"])?.sql.count == 2)
            let half = try #require(tables["half"])
            #expect(half.columns.map(\.name) == ["First Name", "b"])
            // The primary key cannot be read, the other key can.
            #expect(half.identity == [1])
            #expect(half.omitted.map(\.name) == ["id", "ssn"])
            #expect(half.methods[.fullTable] == .usable(note: nil))
            // Every remedy does what it says.
            let remedies = tables.values.flatMap {
                (answer($0)?.sql ?? []) + $0.omitted.flatMap { $0.remedy?.sql ?? [] }
            }
            try database.execute(remedies.joined(separator: ";"))
            let mended = try self.tables(database)
            #expect(mended.values.allSatisfy { $0.omitted.isEmpty && answer($0) == nil })
            #expect(mended["half"]?.identity == [0])
        }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func rowsThatPoliciesHide(version: PostgresServer.Version) throws {
        try withTables(
            version,
            """
            CREATE TABLE none (id int); CREATE TABLE mine (id int); CREATE TABLE everybody (id int);
            CREATE TABLE tenant (id int); CREATE TABLE narrowed (id int); CREATE TABLE off (id int); CREATE TABLE writing (id int);
            ALTER TABLE none ENABLE ROW LEVEL SECURITY; ALTER TABLE mine ENABLE ROW LEVEL SECURITY;
            ALTER TABLE everybody ENABLE ROW LEVEL SECURITY; ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
            ALTER TABLE narrowed ENABLE ROW LEVEL SECURITY; ALTER TABLE writing ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON mine TO READER USING (id > 5);
            CREATE POLICY p ON everybody FOR SELECT USING (true);
            CREATE POLICY p ON tenant USING (id > 5);
            CREATE POLICY p ON narrowed USING (true); CREATE POLICY q ON narrowed AS RESTRICTIVE USING (id > 5);
            CREATE POLICY p ON writing FOR INSERT WITH CHECK (true);
            CREATE POLICY p ON off USING (false);
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO READER;
            """
        ) { database, tables in
            for name in ["none", "tenant", "narrowed", "writing"] {
                #expect(answer(tables[name])?.reason.hasPrefix("Row-level security hides rows") == true, "\(name)")
            }
            for name in ["mine", "everybody", "off"] { #expect(answer(tables[name]) == nil, "\(name)") }
            #expect(
                tables["mine"]?.methods[.fullTable]
                    == .usable(note: "Only the rows that the policies for this user show are read.")
            )
            for name in ["none", "tenant", "writing"] {
                try database.execute(answer(tables[name])?.sql.joined(separator: ";") ?? "")
            }
            let mended = try self.tables(database)
            for name in ["none", "tenant", "writing"] { #expect(answer(mended[name]) == nil, "\(name)") }
            try database.execute("ALTER ROLE \(user) BYPASSRLS")
            #expect(try self.tables(database).values.allSatisfy { answer($0) == nil })
        }
    }

    @Test func anOwnerUnderForceSeesNoMoreThanOthers() throws {
        try withTables(
            .v16,
            """
            CREATE TABLE forced (id int); CREATE TABLE plain (id int);
            ALTER TABLE forced OWNER TO READER; ALTER TABLE plain OWNER TO READER;
            ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
            """
        ) { _, tables in
            #expect(answer(tables["forced"]) != nil)
            #expect(answer(tables["plain"]) == nil)
        }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func whatTheLogAndTriggersNeed(version: PostgresServer.Version) throws {
        try withTables(
            version,
            "CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO READER; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        ) { database, tables in
            #expect(
                answer(tables["t"], .logBased)?.reason
                    == "The user \"\(user)\" does not have the right permissions for replication."
            )
            let first = try #require(answer(tables["t"], .triggerBased))
            #expect(first.reason == "The user \"\(user)\" may not make triggers on it.")
            let replicate = try #require(answer(tables["t"], .logBased))
            try database.execute((first.sql + replicate.sql).joined(separator: ";"))
            let half = try self.tables(database)
            #expect(answer(half["t"], .logBased) == nil)
            let second = try #require(answer(half["t"], .triggerBased))
            #expect(second.reason.contains("may not create the table that triggers write to"))
            try database.execute(second.sql.joined(separator: ";"))
            #expect(answer(try self.tables(database)["t"], .triggerBased) == nil)
        }
    }
}
