import Synchronization
package import TandemCore
import TandemRows

/// A Postgres database as one side of a two-way sync.
package final class PostgresRecordStore: RecordStore {
    let source: PostgresSource
    let connections: RecordConnections
    let tables = RecordTables()
    let project: String
    /// By what its changes are told, where that is not left open.
    let method: TandemCore.Method?
    let keepsNotes: Mutex<Bool>
    /// The number of each sync's session.
    let sessions = Mutex<[String: Int]>([:])

    private init(_ config: PostgresConfig, in context: ConnectionContext, by method: TandemCore.Method?) {
        source = PostgresSource(config, in: context)
        connections = RecordConnections(config, in: context)
        project = context.project
        self.method = method
        keepsNotes = Mutex(false)
    }

    /// Connects, and looks whether notes can be kept there.
    ///
    /// - Parameter method: By what changes are told; `nil` for what the tables and this user's rights allow.
    /// - Throws: ``PostgresError``; `CancellationError`.
    package static func open(
        _ config: PostgresConfig,
        in context: ConnectionContext,
        by method: TandemCore.Method? = nil
    ) async throws -> PostgresRecordStore {
        let store = PostgresRecordStore(config, in: context, by: method)
        do { try await store.lookForNotes() } catch {
            await store.close()
            throw error
        }
        return store
    }

    /// What ``prepare()`` runs, for those who run it by hand, each statement without its semicolon. Whoever is to write
    /// then needs SELECT, INSERT, UPDATE and DELETE on both tables, and USAGE on the schema.
    package static var preparation: [String] { TwoWayTables.creation }

    /// Makes the tables that notes are kept in, in a schema of ours, where they are missing.
    ///
    /// - Throws: ``PostgresError``, such as where this user may not.
    package func prepare() async throws {
        try await connections.run { [project] session in
            try session.writing { try TwoWayTables(session: session, project: project).prepare() }
        }
        try await lookForNotes()
    }

    private func lookForNotes() async throws {
        let areUsable = try await connections.run { [project] session in
            try session.transaction { try TwoWayTables(session: session, project: project).areUsable() }
        }
        keepsNotes.withLock { $0 = areUsable }
    }

    package var capabilities: RecordCapabilities {
        RecordCapabilities(readsAreFresh: true, versionsGrow: false, keepsNotes: keepsNotes.withLock { $0 })
    }

    package func close() async {
        await connections.close()
        await source.close()
    }

    /// What is known of the tables of `shapes`. Where it is not known yet it is looked up in a transaction that has the
    /// names of types with their schemas, whatever the search path of this user.
    func look(up shapes: [RecordShape]) async throws -> [RecordShape: RecordTable] {
        var wanted = Set<RecordShape>()
        for shape in shapes where shape != wanted.first { wanted.insert(shape) }
        let known = tables.known(wanted)
        let missing = wanted.subtracting(known.keys)
        guard !missing.isEmpty else { return known }
        let found = try await connections.run { session in
            try session.transaction {
                Dictionary(uniqueKeysWithValues: try missing.map { ($0, try RecordTable($0, session)) })
            }
        }
        tables.learn(found)
        return known.merging(found) { $1 }
    }

    /// Calls `body`; where it throws, tables may not be any more what is known of them.
    func forgetting<Value: Sendable>(_ body: @Sendable (Session) throws -> Value) async throws -> Value {
        do { return try await connections.run(body) } catch {
            tables.forget()
            throw error
        }
    }
}
