import Dispatch
import Synchronization
public import TandemCore
public import TandemRows

extension TableRows {
    /// Everything the readers hand out, each on a thread of its own, one list a reader.
    ///
    /// Batches are copied, because a reader may use a batch's memory again.
    public func pullAll() async throws -> [[RowBatch]] {
        try await withThrowingTaskGroup(of: [RowBatch].self) { group in
            for index in 0..<readers {
                group.addTask {
                    try await withCheckedThrowingContinuation { continuation in
                        DispatchQueue(label: "tandem.test.reader.\(index)").async {
                            continuation.resume(with: Result { try self.pullOne() })
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func pullOne() throws -> [RowBatch] {
        let reader = try makeReader()
        var batches: [RowBatch] = []
        while let batch = try reader.next() { batches.append(batch) }
        return batches
    }
}
