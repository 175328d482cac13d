import Dispatch
import Synchronization
import TandemCore
import TandemRows

/// Pulls rows on a thread of its own, step by step, as a destination's thread does. Cancelled with its task.
final class Puller: Sendable {
    private let rows: any TableRows
    private let queue = DispatchQueue(label: "tandem.test.puller")
    private let reader = Mutex<Box?>(nil)

    // Unchecked because only the queue touches the reader.
    private struct Box: @unchecked Sendable {
        let reader: any RowReader
    }

    init(_ rows: any TableRows) { self.rows = rows }

    /// The first column of the next batch, `nil` after the last.
    func next() async throws -> [Int]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try self.nextBatch() }) }
            }
        } onCancel: {
            rows.cancel()
        }
    }

    /// The first columns of all batches that are left.
    func rest() async throws -> [Int] {
        var values: [Int] = []
        while let batch = try await next() { values += batch }
        return values
    }

    /// Starts to pull the next batch, whether a task is free or not.
    func begin() -> Pull {
        let pull = Pull()
        queue.async { pull.end(with: Result { try self.nextBatch() }) }
        return pull
    }

    private func nextBatch() throws -> [Int]? {
        let box = try reader.withLock { box in
            let known = try box ?? Box(reader: rows.makeReader())
            box = known
            return known
        }
        guard let batch = try box.reader.next() else { return nil }
        let type = rows.schema.columns[0].type
        return (0..<batch.rowCount).compactMap { batch.columns[0].text($0, as: type).flatMap { Int($0) } }
    }
}

/// A batch that is being pulled.
final class Pull: Sendable {
    private let outcome = Mutex<(result: Result<[Int]?, any Error>, end: ContinuousClock.Instant)?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    fileprivate func end(with result: Result<[Int]?, any Error>) {
        outcome.withLock { $0 = (result, .now) }
        isDone.signal()
    }

    /// The first column of the batch, and when it came. Blocks for it, but not for long.
    func wait() throws -> (result: Result<[Int]?, any Error>, end: ContinuousClock.Instant) {
        guard isDone.wait(timeout: .now() + .seconds(60)) == .success, let outcome = outcome.withLock({ $0 }) else {
            throw Endless()
        }
        return outcome
    }

    struct Endless: Error {}
    static let patience = Duration.seconds(120)
}

/// Asks again and again until `condition` holds.
func eventually(_ condition: () throws -> Bool) async throws {
    let limit = ContinuousClock.now + Pull.patience
    while try !condition() {
        guard ContinuousClock.now < limit else { throw Pull.Endless() }
        // What is waited for may need the thread that this runs on.
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// The same where nothing can be awaited.
func eventually(_ condition: () throws -> Bool) throws {
    let limit = ContinuousClock.now + Pull.patience
    while try !condition() {
        guard ContinuousClock.now < limit else { throw Pull.Endless() }
    }
}
