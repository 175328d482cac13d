import TandemCore

extension SyncRun {
    /// Calls `body`, and closes both sides when it ends, however it does.
    package func closing<Value>(_ body: (SyncRun) async throws -> Value) async throws -> Value {
        try await withCleanup {
            await source.close()
            await destination.close()
        } after: {
            try await body(self)
        }
    }
}
