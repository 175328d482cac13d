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

    package func rows(of copy: CopiedTable, as schema: TableSchema) async throws -> any TableRows {
        let name = copy.target
        let (table, endpoint) = try await connection.run { session in
            try session.transaction(.snapshot) {
                let oids = try Relations([name], in: session)[name].map { [$0.oid] } ?? []
                return (try CatalogReader(session).tables(only: oids).first?.catalogTable, session.endpoint)
            }
        }
        let snapshot = try await source.snapshot(readers: ProcessInfo.processInfo.activeProcessorCount)
        return try await StoredRows(of: name, as: schema, in: snapshot, table, at: endpoint)
    }

    package func forget(_ sync: String, tables: [TableName]?) async throws {
        guard try await connection.run({ session in try session.transaction { try Metadata(session).exists() } }) else {
            return
        }
        try await connection.run { session in
            try session.writing { try Metadata(session).forget(sync, tables) }
        }
    }

    package func teardown() async throws -> [String] {
        guard try await connection.run({ session in try session.transaction { try Metadata(session).exists() } }) else {
            return []
        }
        return try await connection.run { session in try session.writing { try Metadata(session).remove() } }
    }

    package func query(_ sql: String) async throws -> QueryResult { try await source.query(sql) }

    package func check() async -> [Finding] { await DestinationCheck.findings(through: connection) }
}
