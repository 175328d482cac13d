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

        init(_ count: Int) { left = Atomic(count) }

        func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
            await Task.yield()
            return left.subtract(1, ordering: .relaxed).oldValue > 0 ? ChangeBatch(transactions: 1) : nil
        }

        func confirm(_ checkpoint: Checkpoint) {}
        func hold(_ table: HeldTable?) -> Bool { false }
        func join(_ table: StreamRequest.Table, after place: Checkpoint) {}
        func keepAlive() async throws {}
        func close() async {}
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
                apply: { _ in
                    await Task.yield()
                    applied.add(1, ordering: .relaxed)
                },
                reached: { _ in },
                watches: [
                    StreamPump.Watch(interval: .zero) {
                        if patience.withLock({ left in
                            left -= 1
                            return left < 0
                        }) {
                            throw Broken()
                        }
                        return false
                    }
                ]
            )
            do {
                try await pump.run()
                try #require(applied.load(ordering: .relaxed) == count)
            } catch is Broken {}
        }
    }
}
