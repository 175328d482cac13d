import Synchronization
import TandemCore
import TandemRows

/// What is wanted of a table that is copied beside the stream.
enum BufferingCommand: Sendable {
    case hold(BufferedTable?)
    case join(StreamRequest.Table, after: LSN)
}

/// Orders for who reads a stream, from anybody.
final class BufferingCommands: Sendable {
    private let waiting = Mutex<[BufferingCommand]>([])

    /// See `ChangeStream.hold(_:)`.
    func hold(_ table: BufferedTable?) -> Bool {
        let canBeHeld = table.map { !$0.schema.identity.isEmpty } ?? true
        waiting.withLock { $0.append(.hold(canBeHeld ? table : nil)) }
        return canBeHeld
    }

    /// See `ChangeStream.join(_:after:)`.
    func join(_ table: StreamRequest.Table, after place: Checkpoint) {
        guard let place = LogCheckpoint(place)?.position else { return }
        waiting.withLock { $0.append(.join(table, after: place)) }
    }

    func take() -> [BufferingCommand] {
        waiting.withLock { orders in
            defer { orders = [] }
            return orders
        }
    }
}
