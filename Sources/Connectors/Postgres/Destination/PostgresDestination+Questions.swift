import Foundation
package import TandemCore
package import TandemRows

extension PostgresDestination {
    package func tables(of sync: String) async throws -> [SyncedTable] {
        try await connection.run { session in try session.transaction { try Metadata(session).copies(of: sync) } }
    }

    package func owners() async throws -> [TableName: String] {
        try await connection.run { session in try session.transaction { try Metadata(session).owners() } }
    }

    package func origin() async throws -> String? { try await source.origin() }

    package func rows(of copy: SyncedTable, as schema: TableSchema) async throws -> any TableRows {
        let stored = try await stored([(copy, schema)])[0].get()
        return try await StoredRows(stored, as: schema, in: snapshot(), where: copy.metadataColumns.isThere)
    }

    package func sum(of copy: SyncedTable, as schema: TableSchema) async throws -> TableSum? {
        try await sums(of: [(copy, schema)])[0]
    }

    /// In one snapshot, whose connections and look at the catalog cost more than small tables do.
    package func sums(of copies: [(copy: SyncedTable, schema: TableSchema)]) async throws -> [TableSum?] {
        let found = try await stored(copies)
        let snapshot = try await snapshot()
        do {
            var sums: [TableSum?] = []
            for (wanted, stored) in zip(copies, found) {
                // What is wrong is said where it is read.
                guard let stored = try? stored.get() else {
                    sums.append(nil)
                    continue
                }
                let filter = wanted.copy.metadataColumns.isThere
                sums.append(try await snapshot.sum(of: stored.table, as: stored.schema, where: filter))
            }
            await snapshot.close()
            return sums
        } catch {
            await snapshot.close()
            throw error
        }
    }

    private func stored(
        _ copies: [(copy: SyncedTable, schema: TableSchema)]
    ) async throws -> [Result<StoredCopy, PostgresError>] {
        try await connection.run { session in
            try session.transaction(.snapshot) {
                try StoredCopy.find(copies.map { ($0.copy.target, $0.schema) }, in: session)
            }
        }
    }

    private func snapshot() async throws -> ExportedSnapshot {
        try await source.exported(readers: ProcessInfo.processInfo.activeProcessorCount)
    }

    package func forget(_ sync: String, tables: [TableName]?) async throws {
        guard try await connection.run({ session in try session.transaction { try Metadata(session).exists() } }) else {
            return
        }
        sectioned = [:]
        let ticket = loader?.keeper.ticket
        try await connection.run { session in
            try session.writing { try Metadata(session).forget(sync, tables, holding: ticket) }
        }
    }

    package func teardown() async throws -> [String] {
        await applier.close()
        guard try await connection.run({ session in try session.transaction { try Metadata(session).exists() } }) else {
            return []
        }
        return try await connection.run { session in try session.writing { try Metadata(session).remove() } }
    }

    package func query(_ sql: String) async throws -> QueryResult { try await source.query(sql) }

    package func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await source.query(sql, take: take)
    }

    package func check() async -> [Finding] { await DestinationCheck.findings(through: connection) }
}
