import TandemCore

extension SyncRun {
    /// Calls `body`, and closes both sides when it ends, however it does.
    package func closing<Value>(_ body: (SyncRun) async throws -> Value) async throws -> Value {
        do {
            let value = try await body(self)
            await source.close()
            await destination.close()
            return value
        } catch {
            await source.close()
            await destination.close()
            throw error
        }
    }
}
