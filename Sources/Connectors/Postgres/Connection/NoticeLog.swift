import CLibPQ

/// What a server says beside its answers. Only the thread that uses the connection touches it.
final class NoticeLog {
    private(set) var messages: [String] = []
    private static let limit = 100

    /// What libpq calls, with the log as its argument.
    static let receive: PQnoticeReceiver = { argument, result in
        guard let argument, let text = PQresultErrorField(result, DiagnosticField.message.rawValue) else { return }
        Unmanaged<NoticeLog>.fromOpaque(argument).takeUnretainedValue().add(String(cString: text))
    }

    private func add(_ message: String) {
        if messages.count == Self.limit { messages.removeFirst() }
        messages.append(message)
    }
}
