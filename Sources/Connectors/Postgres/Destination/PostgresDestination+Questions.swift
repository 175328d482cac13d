import Foundation
package import TandemCore
package import TandemRows

extension PostgresDestination {
    package func tables(of sync: String) async throws -> [CopiedTable] {
        try await connection.run { session in try session.transaction { try Metadata(session).copies(of: sync) } }
    }

    package func owners() async throws -> [TableName: String] {
        try await connection.run { session in try session.transaction { try Metadata(session).owners() } }
    }

    package func origin() async throws -> String? { try await source.origin() }

    package func rows(of copy: CopiedTable, as schema: TableSchema) async throws -> any TableRows {
        let stored = try await stored(copy.target, as: schema)
        return try await StoredRows(stored, as: schema, in: snapshot(), where: copy.ownColumns.isThere)
    }

    package func sum(of copy: CopiedTable, as schema: TableSchema) async throws -> TableSum? {
        let stored = try await stored(copy.target, as: schema)
        let snapshot = try await snapshot()
        do {
            let filter = copy.ownColumns.isThere
            let sum = try await snapshot.sum(of: stored.table, as: stored.schema, where: filter)
            await snapshot.close()
            return sum
        } catch {
            await snapshot.close()
            throw error
        }
    }

    private func stored(_ name: TableName, as schema: TableSchema) async throws -> StoredCopy {
        try await connection.run { session in
            try session.transaction(.snapshot) { try StoredCopy(name, as: schema, in: session) }
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
