package import TandemCore
import TandemRows

extension DuckDBDestination {
    /// By the lock that DuckDB has on its file.
    package nonisolated var keepsReadersOut: Bool { true }

    package func stream(of sync: String, by method: Method) async throws -> StreamCheckpoint? {
        try await noted("stream of \(sync) by \(method)") { try $0.stream(of: sync, by: method) }.flatMap(\.self)
    }

    package func remember(_ copies: [SyncedTable], of sync: String) async throws {
        let session = try await opener.open(.write, isBrief: true)
        let metadata = Metadata(session)
        try metadata.prepare()
        try session.transaction {
            for copy in copies
            where try !metadata.replace(copy.target, by: copy, isCounted: true, of: sync) {
                try metadata.remember([copy], retiring: [], of: sync)
            }
        }
    }
}

extension DuckDBDestination {
    package func made(of sync: String?) async throws -> [MadeObject] {
        try await noted(sync.map { "what was made of \($0)" } ?? "all that was made") { try $0.made(of: sync) } ?? []
    }

    package func note(made: [MadeObject], gone: [MadeObject]) async throws {
        guard !made.isEmpty || !gone.isEmpty else { return }
        let session = try await opener.open(.write, isBrief: true)
        let metadata = Metadata(session)
        try metadata.prepare()
        try session.transaction { try metadata.note(made: made, gone: gone) }
    }

    package func rename(_ sync: String, to name: String) async throws -> Bool {
        guard FileFacts.kind(opener.path) != .missing else { return false }
        let session = try await opener.open(.write, isBrief: true)
        let metadata = Metadata(session)
        guard try metadata.storedVersion() != nil else { return false }
        try metadata.prepare()
        var isKnown = false
        try session.transaction { isKnown = try metadata.rename(sync, to: name) }
        return isKnown
    }
}
