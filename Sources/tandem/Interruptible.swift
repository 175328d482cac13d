import Foundation
import Synchronization
import UnixSignals

/// Work that Ctrl-C and SIGTERM end cleanly.
enum Interruptible {
    private static let received = Mutex<UnixSignal?>(nil)

    private static var signal: UnixSignal? { received.withLock { $0 } }

    /// Whether work was cut short by SIGTERM, as service managers do.
    static var isTerminated: Bool { signal == .sigterm }

    /// Runs `body` until it ends or a signal cancels it.
    ///
    /// - Throws: `CancellationError` once `body` has stopped after a signal.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await signal in signals {
                    received.withLock { $0 = signal }
                    return nil
                }
                return nil
            }
            // The first to end is the body, or a signal, or the signals' end where this task itself is cancelled.
            if let value = try await group.next() ?? nil {
                group.cancelAll()
                return value
            }
            if signal != nil { endLater() }
            group.cancelAll()
            do {
                if let value = try await group.next() ?? nil { return value }
            } catch  where signal == nil {
                throw error
            } catch {}
            throw CancellationError()
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
