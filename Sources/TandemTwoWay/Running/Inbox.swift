import TandemCore
import TandemRows

/// What the feeds of both sides have told and nobody has looked at yet. Feeds wait while there is much of it.
actor Inbox {
    enum Message: Sendable {
        case hints(Side, HintBatch)
        /// A feed that was to end has told all.
        case ended(Side)
    }

    private var messages: [Message] = []
    private var reader: CheckedContinuation<Void, Never>?
    private var writers: [CheckedContinuation<Void, Never>] = []
    private let limit: Int
    private var isClosed = false

    init(limit: Int) { self.limit = limit }

    func put(_ message: Message) async {
        messages.append(message)
        reader?.resume()
        reader = nil
        guard messages.count >= limit, !isClosed else { return }
        await withCheckedContinuation { writers.append($0) }
    }

    /// All that there is, at once.
    func take() -> [Message] {
        defer {
            messages = []
            for writer in writers { writer.resume() }
            writers = []
        }
        return messages
    }

    /// Returns once there is something, or ``wake()`` or ``close()`` is called. One waits at a time.
    func wait() async {
        guard messages.isEmpty, !isClosed else { return }
        await withCheckedContinuation { reader = $0 }
    }

    func wake() {
        reader?.resume()
        reader = nil
    }

    /// Nobody waits any more.
    func close() {
        isClosed = true
        wake()
        for writer in writers { writer.resume() }
        writers = []
    }
}
