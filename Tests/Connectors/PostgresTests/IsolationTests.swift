import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What is wrong with one table or transaction is about that one, and is named.
@Suite(.blocking) struct IsolationTests {
    /// A view is read as its user reads it: unqualified names in its functions are found, and what policies hide from
    /// its owner is no row of it.
    @Test(arguments: PostgresServer.Version.allCases)
    func viewsAreReadAsTheirUserReadsThem(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        let owner = "o_" + database.name
        try database.execute(
            """
            CREATE TABLE rates (rate int); INSERT INTO rates VALUES (5);
            CREATE FUNCTION rate() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT rate FROM rates); END';
            CREATE VIEW priced AS SELECT g AS id, rate() AS rate FROM generate_series(1, 3) g;
            CREATE ROLE \(owner); CREATE TABLE secret (id int, who text); INSERT INTO secret VALUES (1, 'me'), (2, 'you');
            ALTER TABLE secret ENABLE ROW LEVEL SECURITY; GRANT SELECT ON secret TO \(owner);
            CREATE POLICY mine ON secret FOR SELECT TO \(owner) USING (who = 'me');
            CREATE VIEW shown AS SELECT * FROM secret; ALTER VIEW shown OWNER TO \(owner)
            """
        )
        let source = database.source()
        let snapshot = try await source.snapshot(readers: 1)
        for (name, rows) in [("priced", 3), ("shown", 1), ("rates", 1)] {
            let table = try await source.table(name)
            let reading = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
            let batches = try await reading.pullAll().flatMap { $0 }
            #expect(batches.reduce(0) { $0 + $1.rowCount } == rows, "\(name)")
        }
        await snapshot.close()
        await source.close()
        try database.execute("DROP OWNED BY \(owner) CASCADE; DROP ROLE \(owner)")
    }

    @Test func checkTellsOfAViewThatFails() async throws {
        let database = try TestDatabase(.v16)
        try database.execute("CREATE VIEW broken AS SELECT 1 / (g - 1) AS n FROM generate_series(1, 2) g")
        let source = database.source()
        let findings = await source.check(TableUses(read: [TableName(schema: "public", table: "broken")]))
        #expect(findings.contains { $0.severity == .error && $0.message.contains("division by zero") })
        await source.close()
    }

    @Test func behindAPoolerTheLogIsRuledOut() async throws {
        let database = try TestDatabase(.v16)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY)")
        let source = PostgresSource(database.config, in: .test, pinned: { $0.isPooled = true })
        let table = try await source.catalog().tables.first
        guard case .unusable(let reason, let remedy) = table?.methods[.logBased] else {
            return #expect(Bool(false), "\(String(describing: table))")
        }
        #expect(reason.contains("pooler") && remedy != nil)
        await source.close()
    }

    /// The catalog says whether a policy shows all rows, whoever holds the table.
    @Test func aLockOnATableWithAPolicyDoesNotHoldUpTheCatalog() async throws {
        let database = try TestDatabase(.v16)
        let user = "u_" + database.name
        try database.execute(
            """
            CREATE ROLE \(user) LOGIN; CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO \(user);
            ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON t FOR SELECT USING (true)
            """
        )
        let holder = try database.session()
        try holder.begin(.readWrite)
        try holder.execute("LOCK TABLE public.t")
        var config = database.config
        config.user = user
        let source = PostgresSource(config, in: .test)
        let methods = try await source.catalog().tables.first?.methods
        #expect(methods?[.fullTable] == .usable(note: nil))
        try holder.execute("ROLLBACK")
        try database.execute("DROP POLICY everything ON t; CREATE POLICY partial ON t FOR SELECT USING (id > 1)")
        guard case .unusable = try await source.catalog().tables.first?.methods[.fullTable] else {
            return #expect(Bool(false))
        }
        await source.close()
        try database.execute("DROP OWNED BY \(user); DROP ROLE \(user)")
    }

    /// A code is about the connection only where the connection ends.
    @Test(arguments: ["08006", "57P01", "53300", "28P01", "57P03"])
    func aCodeThatAStatementRaisesIsAboutTheStatement(code: String) throws {
        let session = try TestDatabase(.v15).session()
        let raise = "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '\(code)'; END $$"
        let error = #expect(throws: PostgresError.self) { try session.query(raise) }
        #expect(error?.isConfined == true && session.isOpen)
        #expect(error.map { "\($0)".contains(code) } == true)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func aPreparedTransactionIsNamedWithWhatEndsIt(version: PostgresServer.Version) async throws {
        let stage = try StreamStage(version)
        let name = "forgotten \(stage.database.name)"
        try stage.database.execute("BEGIN; INSERT INTO t VALUES (1, 'one'); PREPARE TRANSACTION '\(name)'")
        let session = try stage.database.session()
        let number: UInt32 = try #require(
            session.query("SELECT 'public.t'::regclass::oid").value.flatMap { UInt32($0) }
        )
        let said = Mutex<[String]>([])
        let writers = OpenWriters(session: session) { text in said.withLock { $0.append(text) } }
        let open = try writers.writers(of: [number], limit: .milliseconds(100))
        let told = open[number]?.first ?? ""
        #expect(told.contains("'\(name)'") && told.contains("ROLLBACK PREPARED '\(name)'"), "\(open)")
        #expect(try OpenTransactions(session: session).numbered().contains { $0.contains(name) })
        try stage.database.execute("ROLLBACK PREPARED '\(name)'")
        let writer = try stage.database.session()
        try writer.begin(.readWrite)
        try writer.execute("INSERT INTO public.t VALUES (1, 'one')")
        let process = try writers.writers(of: [number], limit: .milliseconds(100))[number]?.first ?? ""
        #expect(process.contains("process \(writer.backendPID) of user \"postgres\""), "\(process)")
    }
}
