import CLibPQ
import Dispatch
import Synchronization

/// One attempt to connect, on a thread of its own.
///
/// libpq looks names up without a way to stop it, and only its blocking call tries the next of several hosts when one
/// does not answer. So it blocks there, while the thread that wants the connection waits in a way that can be
/// interrupted; a connection that arrives too late is closed again.
final class ConnectAttempt: Sendable {
    private enum State {
        case waiting
        case abandoned
        case arrived(Handle)
        case taken
    }

    /// The pointer, on its way from one thread to the other.
    // Unchecked because libpq lets any thread use a connection, one at a time; only the taker does.
    struct Handle: @unchecked Sendable {
        let connection: OpaquePointer?
    }

    private let state = Mutex(State.waiting)
    private let arrival = DispatchSemaphore(value: 0)

    /// Connects by `parameters`, and waits for it.
    ///
    /// - Returns: libpq's connection, connected or failed. `nil` when memory ran out.
    /// - Throws: `CancellationError` soon after `interruption` is raised.
    static func run(_ parameters: ConnectionParameters, interruption: Interruption) throws -> OpaquePointer? {
        let attempt = ConnectAttempt()
        DispatchQueue(label: "tandem.postgres.connect").async { attempt.connect(parameters) }
        while attempt.arrival.wait(timeout: .now() + .milliseconds(Int(Interruption.interval))) == .timedOut {
            if interruption.isRaised {
                attempt.abandon()
                throw CancellationError()
            }
        }
        return attempt.take()
    }

    private func connect(_ parameters: ConnectionParameters) {
        let connection = parameters.withArrays { PQconnectdbParams($0, $1, 1) }
        let isWanted = state.withLock { state in
            if case .abandoned = state { return false }
            state = .arrived(Handle(connection: connection))
            return true
        }
        if isWanted { arrival.signal() } else { PQfinish(connection) }
    }

    private func abandon() {
        let late = state.withLock { state -> Handle? in
            defer { state = .abandoned }
            if case .arrived(let handle) = state { return handle }
            return nil
        }
        if let late { PQfinish(late.connection) }
    }

    private func take() -> OpaquePointer? {
        state.withLock { state -> Handle? in
            defer { state = .taken }
            if case .arrived(let handle) = state { return handle }
            return nil
        }?.connection
    }
}
