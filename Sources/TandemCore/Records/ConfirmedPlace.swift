import Synchronization
import TandemRows

/// Passes on what is confirmed to the stream that is followed by then.
final class ConfirmedPlace: Sendable {
    private let stream: Mutex<any ChangeStream>

    init(_ stream: any ChangeStream) { self.stream = Mutex(stream) }

    func turn(to other: any ChangeStream) { stream.withLock { $0 = other } }

    func confirm(_ checkpoint: Checkpoint) {
        guard let place = HintPlace(checkpoint) else { return }
        stream.withLock { $0.confirm(place.checkpoint) }
    }
}
