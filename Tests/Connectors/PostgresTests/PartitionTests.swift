import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct PartitionTests {
    /// Partitions at two depths, one of which numbers its columns in its own way.
    private static let tables = """
        CREATE TABLE p (id int4, region text, amount numeric(9,2)) PARTITION BY LIST (region);
        CREATE TABLE p_north PARTITION OF p FOR VALUES IN ('north') PARTITION BY RANGE (id);
        CREATE TABLE p_north_1 PARTITION OF p_north FOR VALUES FROM (0) TO (1000);
        CREATE TABLE p_north_2 PARTITION OF p_north FOR VALUES FROM (1000) TO (2000);
        CREATE TABLE other (dropped int4, amount numeric(9,2), region text, id int4);
        ALTER TABLE other DROP dropped;
        ALTER TABLE p ATTACH PARTITION other FOR VALUES IN ('south');
        CREATE TABLE p_default PARTITION OF p DEFAULT;
        INSERT INTO p SELECT g, (ARRAY['north', 'south', 'west'])[1 + g % 3], g / 4.0 FROM generate_series(1, 1500) g
        """

    @Test(arguments: PostgresServer.Version.allCases)
    func arePartsOfTheirRoot(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(Self.tables)
        let source = database.source()
        #expect(try await source.catalog().tables.map(\.schema.name.table) == ["p"])
        await source.close()
        try await expectRows(of: database, as: PostgresServer.user, ranges: 4)
    }

    @Test func areReadThroughTheRootWhereTheyMayNotBeReadThemselves() async throws {
        let database = try TestDatabase(.v16)
        let role = "r_\(database.name)"
        try database.execute(Self.tables + "; CREATE ROLE \(role) LOGIN; GRANT SELECT ON p TO \(role)")
        try await expectRows(of: database, as: role, ranges: 1)
        try database.execute("GRANT SELECT ON p_north_1, p_north_2, other, p_default TO \(role)")
        try await expectRows(of: database, as: role, ranges: 4)
        // Rows that a partition's own policy hides from a direct read are still the root's.
        try database.execute("ALTER TABLE other ENABLE ROW LEVEL SECURITY")
        try await expectRows(of: database, as: role, ranges: 1)
    }

    @Test func columnGrantsAreEnough() async throws {
        let database = try TestDatabase(.v18)
        let role = "r_\(database.name)"
        let leaves = ["p", "p_north_1", "p_north_2", "other", "p_default"].map {
            "GRANT SELECT (id, amount) ON \($0) TO \(role)"
        }
        try database.execute(Self.tables + "; CREATE ROLE \(role) LOGIN; " + leaves.joined(separator: "; "))
        var config = database.config
        config.user = role
        let source = PostgresSource(config, in: .test)
        let table = try await source.table("p")
        #expect(table.schema.columns.map(\.name) == ["id", "amount"])
        let snapshot = try await source.snapshot(readers: 2)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        #expect(try await rows.pullAll().joined().reduce(0) { $0 + $1.rowCount } == 1500)
        await snapshot.close()
        await source.close()
    }

    @Test func rowsThatAPolicyShowsAreRead() async throws {
        let database = try TestDatabase(.v15)
        let role = "r_\(database.name)"
        try database.execute(
            """
            CREATE TABLE t (id int4); INSERT INTO t SELECT generate_series(1, 10); CREATE ROLE \(role) LOGIN;
            GRANT SELECT ON t TO \(role); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY half ON t FOR SELECT TO \(role) USING (id <= 5)
            """
        )
        var config = database.config
        config.user = role
        let source = PostgresSource(config, in: .test)
        let table = try await source.table("t")
        let snapshot = try await source.snapshot(readers: 2)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        #expect(try await rows.pullAll().joined().reduce(0) { $0 + $1.rowCount } == 5)
        await snapshot.close()
        await source.close()
    }

    private func expectRows(of database: TestDatabase, as role: String, ranges: Int) async throws {
        var config = database.config
        config.user = role
        let source = PostgresSource(config, in: .test)
        let table = try await source.table("p")
        let snapshot = try await source.snapshot(readers: 2)
        let rows = try #require(
            try await snapshot.rows(of: table, as: table.schema, unfit: .text) as? SnapshotTableReader
        )
        let read = ReadTable(schema: table.schema, readers: try await rows.pullAll(), tally: rows.tally, notes: [])
        let found = read.texts.map { $0.map { $0 ?? "" }.joined(separator: "|") }.sorted()
        let sent = try database.execute("SELECT id, region, amount FROM p").split(separator: "\n").map(String.init)
            .sorted()
        #expect(found == sent)
        let session = try Session(config, in: .test)
        #expect(try rows.plan(through: session).ranges.count == ranges)
        await snapshot.close()
        await source.close()
    }
}
