package import TandemCore
package import TandemRows

extension PostgresDestination {
    package func stream(of sync: String, by method: Method) async throws -> StreamCheckpoint? {
        try await connection.run { session in
            try session.transaction { try Metadata(session).stream(of: sync, by: method) }
        }
    }

    /// Rows that users' constraints and triggers refuse are told from others by ``RejectedRowBisector``.
    package func begin(_ sync: String, refusedRows: RefusedRows) async throws -> any WriteTransaction {
        await applier.begin(sync, refusedRows: refusedRows)
    }

    package func departed(among copies: [SyncedTable]) async throws -> [TableName: String] {
        guard !copies.isEmpty else { return [:] }
        return try await connection.run { session in
            try session.transaction {
                let relations = try Relations(copies.map(\.target), in: session)
                let question = """
                    SELECT w.number, w.name
                    FROM unnest($1::pg_catalog.int8[], $2::pg_catalog.oid[], $3::pg_catalog.text[]) AS w(number, relation, name)
                    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = w.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = w.name)
                    """
                var reasons: [TableName: String] = [:]
                var wanted: [(number: String, relation: String, name: String)] = []
                for (number, copy) in copies.enumerated() {
                    guard let relation = relations[copy.target] else {
                        reasons[copy.target] = "it is not there"
                        continue
                    }
                    guard relation.kind == "r", relation.isOurs else {
                        reasons[copy.target] = "there is another table in its place"
                        continue
                    }
                    wanted += (copy.schema.columns.map(\.name) + copy.metadataColumns.names).map {
                        ("\(number)", "\(relation.oid)", $0)
                    }
                }
                let parameters = [
                    SQL.array(wanted.map(\.number)), SQL.array(wanted.map(\.relation)), SQL.array(wanted.map(\.name)),
                ]
                for row in try session.query(question, parameters).rows {
                    guard let number = row[0].flatMap({ Int($0) }), let name = row[1] else { continue }
                    reasons[copies[number].target] = "column \"\(name)\" is gone"
                }
                return reasons
            }
        }
    }

    package func remember(_ copies: [SyncedTable], of sync: String) async throws {
        try await connection.run { session in
            try session.writing {
                try Metadata(session).prepare()
                let statements = try Metadata.remembering(copies, retiring: [], of: sync)
                if !statements.isEmpty { try session.execute(statements.joined(separator: "; ")) }
            }
        }
    }

    package func made(of sync: String?) async throws -> [MadeObject] {
        try await connection.run { session in try session.transaction { try Metadata(session).made(of: sync) } }
    }

    package func note(made: [MadeObject], gone: [MadeObject]) async throws {
        guard !made.isEmpty || !gone.isEmpty else { return }
        try await connection.run { session in
            try session.writing {
                try Metadata(session).prepare()
                try Metadata(session).note(made: made, gone: gone)
            }
        }
    }

    package func rename(_ sync: String, to name: String) async throws -> Bool {
        guard try await connection.run({ session in try session.transaction { try Metadata(session).exists() } }) else {
            return false
        }
        return try await connection.run { session in
            try session.writing {
                try Metadata(session).prepare()
                return try Metadata(session).rename(sync, to: name)
            }
        }
    }
}
