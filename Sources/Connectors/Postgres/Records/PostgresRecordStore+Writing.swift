import Synchronization
package import TandemCore
import TandemRows

extension PostgresRecordStore {
    package func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome] {
        let tables = try await look(up: writes.map(\.shape))
        return try await forgetting { session in
            try session.begin(.readWrite, then: Self.beginning)
            var writer = RecordWriter(session, tables, hasSavepoint: false)
            try writer.write(writes)
            try session.execute("COMMIT")
            return writer.outcomes
        }
    }

    /// What the application's triggers meet is what they meet elsewhere: its own search path, for one. Constraints that
    /// are put off would be told of at the commit, for all of its rows.
    private static let beginning = """
        SET LOCAL search_path TO DEFAULT; SET LOCAL row_security TO DEFAULT; \
        SET LOCAL lock_timeout = '\(RecordWriter.lockTimeout)'; SET CONSTRAINTS ALL IMMEDIATE; \
        SELECT pg_catalog.set_config('synchronous_commit', 'on', true) \
        WHERE pg_catalog.current_setting('synchronous_commit') = 'off'
        """

    package func made(
        by operations: [OperationID],
        of shape: RecordShape
    ) async throws -> [OperationID: Record] { [:] }

    package func begin(_ sync: String) async throws -> (any RecordTransaction)? {
        guard capabilities.keepsNotes else { return nil }
        let number = if let number = sessions.withLock({ $0[sync] }) { number } else { try await claim(sync) }
        let connection = connections.take()
        do {
            try await connection.run { [project] session in
                try session.begin(.readWrite, then: Self.beginning)
                try TwoWayTables(session: session, project: project).checkIsCurrent(number, of: sync)
            }
        } catch {
            await connections.give(back: connection, isSound: false)
            throw error
        }
        return PostgresRecordTransaction(self, connection, of: sync, in: number)
    }

    package func notes(of sync: String, after number: Int64) async throws -> [WriteNote] {
        guard capabilities.keepsNotes else { return [] }
        _ = try await claim(sync)
        return try await connections.run { [project] session in
            try session.writing { try TwoWayTables(session: session, project: project).take(of: sync, after: number) }
        }
    }

    private func claim(_ sync: String) async throws -> Int {
        let number = try await connections.run { [project] session in
            try session.writing { try TwoWayTables(session: session, project: project).claim(sync) }
        }
        sessions.withLock { $0[sync] = number }
        return number
    }

    /// Forgets the notes of `sync`, for good.
    package func teardown(_ sync: String) async throws {
        guard capabilities.keepsNotes else { return }
        try await connections.run { [project] session in
            try session.writing { try TwoWayTables(session: session, project: project).remove(sync) }
        }
        sessions.withLock { $0[sync] = nil }
    }
}
