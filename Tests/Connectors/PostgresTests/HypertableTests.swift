import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// TimescaleDB as its catalog shows it, without the extension: a table that its chunks inherit from.
@Suite(.blocking) struct HypertableTests {
    private static let tables = """
        CREATE SCHEMA _timescaledb_catalog; CREATE SCHEMA _timescaledb_internal;
        CREATE TABLE _timescaledb_catalog.hypertable (schema_name name, table_name name);
        CREATE TABLE metrics (id int4 PRIMARY KEY, at timestamptz NOT NULL);
        INSERT INTO _timescaledb_catalog.hypertable VALUES
          ('public', 'metrics'), ('_timescaledb_internal', '_compressed_hypertable_2');
        CREATE TABLE _timescaledb_internal._hyper_1_1_chunk (PRIMARY KEY (id)) INHERITS (metrics);
        CREATE TABLE _timescaledb_internal._hyper_1_2_chunk (PRIMARY KEY (id)) INHERITS (metrics);
        CREATE TABLE _timescaledb_internal._compressed_hypertable_2 (id int4);
        INSERT INTO _timescaledb_internal._hyper_1_1_chunk SELECT g, now() FROM generate_series(1, 4000) g;
        INSERT INTO _timescaledb_internal._hyper_1_2_chunk SELECT g, now() FROM generate_series(4001, 5000) g;
        CREATE TABLE parent (id int4); CREATE TABLE child () INHERITS (parent);
        INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2), (3);
        """

    @Test(arguments: PostgresServer.Version.allCases)
    func areReadThroughTheirRoot(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(Self.tables)
        let source = PostgresSource(database.config, in: .test)
        let tables = try await source.catalog().tables
        #expect(
            tables.map(\.schema.name.description) == [
                "_timescaledb_catalog.hypertable", "public.child", "public.metrics", "public.parent",
            ]
        )
        let snapshot = try await source.snapshot(readers: 2)
        for (name, count) in [("metrics", 5000), ("parent", 1), ("child", 2)] {
            let table = try await source.table(name)
            let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
            #expect(try await rows.pullAll().joined().reduce(0) { $0 + $1.rowCount } == count)
            #expect(try await snapshot.sum(of: table, as: table.schema)?.rows == count)
        }
        let metrics = try #require(tables.first { $0.schema.name.table == "metrics" })
        guard case .usable(let note?)? = metrics.methods[.fullTable], note.contains("hypertable") else {
            Issue.record("\(metrics.methods)")
            return
        }
        guard case .unusable? = metrics.methods[.logBased] else { Issue.record("\(metrics.methods)"); return }
        await snapshot.close()
        await source.close()
    }

    @Test func areOrdinaryTablesWhereTheirCatalogMayNotBeRead() async throws {
        let database = try TestDatabase(.v16)
        let role = "r_\(database.name)"
        try database.execute(
            Self.tables
                + "CREATE ROLE \(role) LOGIN; GRANT SELECT ON metrics TO \(role); GRANT SELECT ON parent TO \(role)"
        )
        var config = database.config
        config.user = role
        let source = PostgresSource(config, in: .test)
        let metrics = try await source.table("metrics")
        guard case .usable(let note?)? = metrics.methods[.fullTable], note.contains("only its own rows") else {
            Issue.record("\(metrics.methods)")
            return
        }
        await source.close()
    }
}
