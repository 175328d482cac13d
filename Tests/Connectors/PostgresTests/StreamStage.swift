import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// A database with a table to be followed, and what it takes to prepare streams of it.
struct StreamStage {
    let database: TestDatabase
    var config: PostgresConfig
    /// All that read from the connection.
    var syncs = ["one"]
    /// Also of the connection's name.
    var project = ""
    /// What the destination remembers.
    var memory = MadeMemory()
    var notify: @Sendable (String) -> Void = { _ in }

    init(_ version: PostgresServer.Version, server: PostgresServer? = nil) throws {
        database = try server.map { try TestDatabase($0) } ?? TestDatabase(version)
        config = database.config
        try database.execute("CREATE TABLE t (id int8 PRIMARY KEY, word text)")
    }

    var context: ConnectionContext {
        ConnectionContext(name: "test", folder: "/", syncs: syncs, project: project, notify: notify)
    }
    /// As Tandem names it.
    var slot: String { "tandem_" + database.name }

    func prepare(
        _ state: StreamCheckpoint? = nil,
        tables: [String]? = nil,
        sync: String = "one",
        mayRestart: Bool = true
    ) async throws -> PreparedLog {
        let source = PostgresSource(config, in: context)
        let catalog = try await source.catalog().tables.filter {
            tables?.contains($0.schema.name.table) ?? ($0.kind == .table || $0.kind == .partitionedTable)
        }
        let prepared: PreparedLog
        do {
            prepared = try await source.slotLog.prepare(
                LogRequest(sync: sync, tables: catalog, continuing: state, mayRestart: mayRestart),
                ownership: memory.ownership(of: sync)
            )
        } catch {
            await source.close()
            throw error
        }
        await source.close()
        return prepared
    }

    /// What the server says of a slot, a word or several.
    @discardableResult
    func ask(_ what: String, of slot: String? = nil) throws -> String {
        try database.execute("SELECT \(what) FROM pg_replication_slots WHERE slot_name = '\(slot ?? self.slot)'")
    }

    /// Removes every slot of the database, so that there is room for others.
    func remove() throws {
        let own = "FROM pg_replication_slots WHERE database = current_database()"
        try database.execute("SELECT pg_terminate_backend(active_pid) \(own) AND active")
        try database.execute(
            """
            SET statement_timeout = '60s';
            DO $$ BEGIN WHILE EXISTS (SELECT \(own) AND active) LOOP PERFORM pg_sleep(0.005); END LOOP; END $$
            """
        )
        try database.execute("SELECT pg_drop_replication_slot(slot_name) \(own)")
    }
}

extension PreparedLog {
    var position: LSN? { LogCheckpoint(state.checkpoint)?.position }
}

extension ChangeLog {
    /// Prepares a stream that begins.
    func prepared(_ tables: [CatalogTable], of sync: String, _ memory: MadeMemory) async throws -> StreamCheckpoint {
        try await prepare(
            LogRequest(sync: sync, tables: tables, continuing: nil, maySetUp: true, mayRestart: true),
            ownership: memory.ownership(of: sync)
        ).state
    }
}
