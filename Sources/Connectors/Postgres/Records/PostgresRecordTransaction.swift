package import TandemCore

/// Writes of one transaction, on a connection of its own.
package actor PostgresRecordTransaction: RecordTransaction {
    private let store: PostgresRecordStore
    private let connection: Connection
    private let sync: String
    /// Which session of the sync it is of.
    private let number: Int
    private var hasSavepoint = false
    private var isOpen = true
    private var isSound = true

    init(_ store: PostgresRecordStore, _ connection: Connection, of sync: String, in number: Int) {
        (self.store, self.connection, self.sync, self.number) = (store, connection, sync, number)
    }

    package func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome] {
        let tables = try await store.look(up: writes.map(\.shape))
        let hasSavepoint = hasSavepoint
        self.hasSavepoint = true
        do {
            return try await connection.resume { session in
                var writer = RecordWriter(session, tables, hasSavepoint: hasSavepoint)
                try writer.write(writes)
                return writer.outcomes
            }
        } catch {
            isSound = false
            store.tables.forget()
            throw error
        }
    }

    package func commit(_ note: WriteNote, forgetting number: Int64) async throws {
        let (project, sync, session) = (store.project, sync, self.number)
        do {
            try await connection.resume {
                let tables = TwoWayTables(session: $0, project: project)
                try tables.add(note, of: sync, in: session, forgetting: number)
                try $0.execute("COMMIT")
            }
            await end()
        } catch {
            isSound = false
            await end()
            throw error
        }
    }

    package func rollback() async { await end() }

    private func end() async {
        guard isOpen else { return }
        isOpen = false
        await store.connections.give(back: connection, isSound: isSound)
    }
}
