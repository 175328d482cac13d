import TandemCore

extension Source {
    /// Takes a snapshot, says so, and lets go of it when `body` ends, however it does.
    func withSnapshot<Value>(
        readers: Int,
        observe: @Sendable (RunEvent) async -> Void,
        _ body: (any Snapshot) async throws -> Value
    ) async throws -> Value {
        let snapshot = try await snapshot(readers: readers)
        return try await snapshot.used(observe: observe) { try await body(snapshot) }
    }
}

extension Snapshot {
    /// Says that this was taken, and lets go of it when `body` ends, however it does.
    func used<Value>(
        observe: @Sendable (RunEvent) async -> Void,
        _ body: () async throws -> Value
    ) async throws -> Value {
        await observe(.snapshotTaken(moment, readers: readers, notes: notes))
        do {
            let value = try await body()
            await close()
            return value
        } catch {
            await close()
            throw error
        }
    }
}
