import Dispatch

/// Lets async code wait for calls that block, on a thread that is not of the cooperative pool.
enum Blocking {
    /// Runs `body` on a thread of its own. Cancelling the task raises the interruption that `body` is given.
    static func run<Value: Sendable>(_ body: @escaping @Sendable (Interruption) throws -> Value) async throws -> Value {
        let interruption = Interruption()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue(label: "tandem.postgres.blocking").async {
                    continuation.resume(with: Result { try body(interruption) })
                }
            }
        } onCancel: {
            interruption.raise()
        }
    }
}
