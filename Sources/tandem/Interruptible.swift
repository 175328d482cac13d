import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Work that Ctrl-C and SIGTERM end cleanly.
enum Interruptible {
    /// Runs `body` until it ends or a signal cancels it.
    ///
    /// - Throws: `CancellationError` once `body` has stopped after a signal.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let work = Work(body: body)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: work, successTerminationBehavior: .gracefullyShutdownGroup)],
                cancellationSignals: [.sigint, .sigterm],
                logger: Logger(label: "tandem", factory: { _ in SwiftLogNoOpLogHandler() })
            )
        )
        do {
            try await group.run()
        } catch is CancellationError {
            throw CancellationError()
        }
        guard let result = work.result.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }

    private final class Work<Value: Sendable>: Service {
        let body: @Sendable () async throws -> Value
        let result = Mutex<Result<Value, any Error>?>(nil)

        init(body: @escaping @Sendable () async throws -> Value) { self.body = body }

        /// Keeps the outcome, so that the group does not wrap the error.
        func run() async {
            await withTaskCancellationHandler {
                do {
                    let value = try await body()
                    result.withLock { $0 = .success(value) }
                } catch {
                    result.withLock { $0 = .failure(error) }
                }
            } onCancel: {
                Interruptible.endLater()
            }
        }
    }

    /// What hangs in spite of being cancelled is ended: being killed at any moment loses nothing either, only the note
    /// of it in the history.
    private static func endLater() {
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(5)) {
            Terminal.error(
                "interrupted: something did not stop in time and was ended; the same command goes on from here"
            )
            exit(ExitStatus.interrupted.rawValue)
        }
    }
}

/// The processors this program may use.
enum Processors {
    /// At least two, because a reader waits for the network half of its time.
    static var count: Int { max(2, ProcessInfo.processInfo.activeProcessorCount) }
}
