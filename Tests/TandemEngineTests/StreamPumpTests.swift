import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Nothing of a stream is passed over in silence.
@Suite struct StreamPumpTests {
    private struct Broken: Error {}

    /// Gives a number of batches, and then ends.
    private final class Batches: ChangeStream {
        private let left: Atomic<Int>
        /// How many of them there are to a transaction.
        private let size: Int

        init(_ count: Int, transactionSize size: Int = .max) {
            left = Atomic(count)
            self.size = size
        }

        func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
            await Task.yield()
            let left = left.subtract(1, ordering: .relaxed).oldValue
            guard left > 0 else { return nil }
            let isLast = (.max - left) % size == size - 1
            let state = StreamCheckpoint(id: "stream", checkpoint: Checkpoint("\(left)"))
            return ChangeBatch(state: isLast ? state : nil, transactions: 1)
        }

        func confirm(_ checkpoint: Checkpoint) {}
        func hold(_ table: BufferedTable?) -> Bool { false }
        func join(_ table: StreamRequest.Table, after place: Checkpoint) {}
        func keepAlive() async throws {}
        func close() async {}
    }

    /// Whatever is to be done first comes between two transactions, at any moment.
    @Test func itStopsBetweenTwoTransactions() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let size = Int.random(in: 1...3, using: &random)
            let patience = Int.random(in: 0...12, using: &random)
            let applied = Atomic(0)
            let pump = StreamPump(
                stream: Batches(.max, transactionSize: size),
                clock: .system,
                watches: [{ for _ in 0..<patience { await Task.yield() } }]
            ) { _ in
                await Task.yield()
                applied.add(1, ordering: .relaxed)
            }
            await #expect(throws: StreamPump.Stopped.self) { try await pump.run() }
            #expect(applied.load(ordering: .relaxed).isMultiple(of: size))
        }
    }

    /// What runs beside the batches fails at any moment, also while the last one is on its way.
    @Test func whatIsNotAppliedIsAnError() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...3, using: &random)
            let patience = Mutex(Int.random(in: 0...6, using: &random))
            let applied = Atomic(0)
            let pump = StreamPump(
                stream: Batches(count),
                clock: .system,
                watches: [
                    {
                        while patience.withLock({ left in
                            left -= 1
                            return left >= 0
                        }) { await Task.yield() }
                        throw Broken()
                    }
                ]
            ) { _ in
                await Task.yield()
                applied.add(1, ordering: .relaxed)
            }
            do {
                try await pump.run()
                try #require(applied.load(ordering: .relaxed) == count)
            } catch is Broken {}
        }
    }
}
