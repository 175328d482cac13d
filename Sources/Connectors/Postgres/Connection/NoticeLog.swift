import CLibPQ

/// What a server says beside its answers. Only the thread that uses the connection touches it.
final class NoticeLog {
    private(set) var messages: [String] = []
    private static let limit = 100
    /// What it has said since this was taken last, each once.
    private var fresh: Set<String> = []
    private static let freshLimit = 10_000

    /// What libpq calls, with the log as its argument.
    static let receive: PQnoticeReceiver = { argument, result in
        guard let argument, let text = PQresultErrorField(result, DiagnosticField.message.rawValue) else { return }
        Unmanaged<NoticeLog>.fromOpaque(argument).takeUnretainedValue().add(String(cString: text))
    }

    private func add(_ message: String) {
        if messages.count == Self.limit { messages.removeFirst() }
        messages.append(message)
        if fresh.count < Self.freshLimit { fresh.insert(message) }
    }

    /// - Returns: What it has said since this was called last.
    func take() -> Set<String> {
        defer { fresh = [] }
        return fresh
    }
}
