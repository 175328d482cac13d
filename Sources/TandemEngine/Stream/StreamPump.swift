import AsyncAlgorithms
import Synchronization
import TandemCore

/// Reads a stream while what was read before is applied, and answers the source however long that takes.
struct StreamPump {
    let stream: any ChangeStream
    /// Applies one batch, and returns once it is durable.
    let apply: (ChangeBatch) async throws -> Void
    /// Looks now and then whether something else is to be done first, and throws then. Where that cuts off a batch, it
    /// comes again.
    var look: (@Sendable () async throws -> Void)?

    /// A source hangs up on who is silent for a minute or so.
    private static let silence = Duration.seconds(5)
    private static let interval = Duration.seconds(30)

    /// Runs until the stream ends.
    func run() async throws {
        let batches = AsyncChannel<ChangeBatch>()
        let isWanted = Flag()
        let stream = stream
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { batches.finish() }
                while let batch = try await stream.next(isWanted: { isWanted.value }) {
                    isWanted.value = false
                    await batches.send(batch)
                    try Task.checkCancellation()
                }
            }
            group.addTask {
                // Ends by being cancelled.
                while true {
                    try await Task.sleep(for: Self.silence)
                    try await stream.keepAlive()
                }
            }
            if let look {
                group.addTask {
                    while true {
                        try await Task.sleep(for: Self.interval)
                        try await look()
                    }
                }
            }
            defer { group.cancelAll() }
            isWanted.value = true
            for await batch in batches {
                try await apply(batch)
                if let state = batch.state { stream.confirm(state.checkpoint) }
                isWanted.value = true
            }
            // The channel also ends where reading failed, or this was cancelled.
            try await group.next()
        }
    }

    /// Whether the destination waits for more.
    private final class Flag: Sendable {
        private let flag = Atomic(false)

        var value: Bool {
            get { flag.load(ordering: .relaxed) }
            set { flag.store(newValue, ordering: .relaxed) }
        }
    }
}
