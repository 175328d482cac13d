package import TandemCore

extension PostgresDestination: ChangeDestination {
    package func stream(of sync: String) async throws -> StreamState? {
        try await connection.run { session in try session.transaction { try Metadata(session).stream(of: sync) } }
    }

    package func apply(_ changes: [TargetChanges], reaching state: StreamState?, of sync: String) async throws {
        try await applier.apply(changes, reaching: state, isLast: state != nil, of: sync)
    }

    package func merge(_ changes: [TargetChanges], isLast: Bool, of sync: String) async throws {
        try await applier.apply(changes, reaching: nil, isLast: isLast, of: sync)
    }

    package func rollback() async { await applier.undo() }

    package func remember(_ copies: [CopiedTable], of sync: String) async throws {
        try await connection.run { session in
            try session.writing {
                try Metadata(session).prepare()
                let statements = try Metadata.remembering(copies, retiring: [], of: sync)
                if !statements.isEmpty { try session.execute(statements.joined(separator: "; ")) }
            }
        }
    }
}
