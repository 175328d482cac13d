/// Calls `body`, and `cleanUp` when that ends, however it does: what `defer` cannot wait for.
package func withCleanup<Value>(
    _ cleanUp: () async -> Void,
    after body: () async throws -> Value
) async rethrows -> Value {
    do {
        let value = try await body()
        await cleanUp()
        return value
    } catch {
        await cleanUp()
        throw error
    }
}
