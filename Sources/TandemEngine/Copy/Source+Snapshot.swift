import TandemCore

extension Source {
    /// Takes a snapshot, says so, and lets go of it when `body` ends, however it does.
    func withSnapshot<Value>(
        readers: Int,
        observe: @Sendable (RunEvent) async -> Void,
        _ body: (any Snapshot) async throws -> Value
    ) async throws -> Value {
        let snapshot = try await snapshot(readers: readers)
        await observe(.snapshotTaken(snapshot.moment, readers: snapshot.readers, notes: snapshot.notes))
        do {
            let value = try await body(snapshot)
            await snapshot.close()
            return value
        } catch {
            await snapshot.close()
            throw error
        }
    }
}
