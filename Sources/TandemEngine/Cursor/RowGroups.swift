import TandemCore
import TandemRows

/// Pulls rows on a thread that may block, as many at a time as are worth a call of a destination.
actor RowGroups {
    private let executor = ThreadExecutor(label: "tandem.groups")
    private let rows: any TableRows
    private var reader: (any RowReader)?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private static let byteLimit = 32 << 20
    private static let batchLimit = 64

    init(_ rows: any TableRows) { self.rows = rows }

    /// The next batches; none after the last.
    func next() async throws -> [RowBatch] {
        try await withTaskCancellationHandler {
            let reader = try self.reader ?? rows.makeReader()
            self.reader = reader
            var batches: [RowBatch] = []
            var bytes = 0
            while batches.count < Self.batchLimit, bytes < Self.byteLimit, let batch = try reader.next() {
                batches.append(batch)
                bytes += batch.byteCount
            }
            return batches
        } onCancel: {
            rows.cancel()
        }
    }
}
