import TandemCore
import TandemRows

/// Pulls a table's rows by as many threads as it has readers, for work that is not a destination's.
enum RowPull {
    /// Calls `body` with every batch, each thread with a value of its own that starts as `initial`, and returns those.
    static func all<Value: Sendable>(
        _ rows: any TableRows,
        into initial: Value,
        _ body: @escaping @Sendable (inout Value, RowBatch) throws -> Void
    ) async throws -> [Value] {
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Value.self) { group in
                for _ in 0..<rows.readers {
                    group.addTask { try await PullThread().pull(rows, into: initial, body) }
                }
                do {
                    return try await group.reduce(into: []) { $0.append($1) }
                } catch {
                    rows.cancel()
                    throw error
                }
            }
        } onCancel: {
            rows.cancel()
        }
    }
}

/// A thread that may block in a reader.
private actor PullThread {
    private let executor = ThreadExecutor(label: "tandem.pull")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func pull<Value: Sendable>(
        _ rows: any TableRows,
        into initial: Value,
        _ body: @Sendable (inout Value, RowBatch) throws -> Void
    ) throws -> Value {
        var value = initial
        let reader = try rows.makeReader()
        while let batch = try reader.next() { try body(&value, batch) }
        return value
    }
}
