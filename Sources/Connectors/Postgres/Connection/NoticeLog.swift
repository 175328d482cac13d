import CLibPQ

/// What a server says beside its answers. Only the thread that uses the connection touches it.
final class NoticeLog {
    private(set) var messages: [String] = []
    private static let limit = 100
    /// What it has warned of since this was taken last, each once.
    private var fresh: Set<String> = []
    private static let freshLimit = 10_000

    /// What libpq calls, with the log as its argument.
    static let receive: PQnoticeReceiver = { argument, result in
        guard let argument, let text = PQresultErrorField(result, DiagnosticField.message.rawValue) else { return }
        // Before 9.6 it is not told in English.
        let severity = PQresultErrorField(result, DiagnosticField.severityInEnglish.rawValue).map {
            String(cString: $0)
        }
        Unmanaged<NoticeLog>.fromOpaque(argument).takeUnretainedValue().add(
            String(cString: text),
            isWarning: severity.map { $0 == "WARNING" } ?? true
        )
    }

    private func add(_ message: String, isWarning: Bool) {
        if messages.count == Self.limit { messages.removeFirst() }
        messages.append(message)
        if isWarning, fresh.count < Self.freshLimit { fresh.insert(message) }
    }

    /// - Returns: What it has warned of since this was called last.
    func take() -> Set<String> {
        defer { fresh = [] }
        return fresh
    }
}
