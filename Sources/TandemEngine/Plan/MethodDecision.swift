import TandemCore

/// Which method a table gets, and why.
enum MethodDecision: Hashable {
    case use(Method, reason: String, note: String?)
    /// The table itself does not allow it.
    case unusable(reason: String, remedy: Remedy?)
    /// Nothing about the table: this version cannot do what is asked for.
    case unsupported(Method)

    /// The methods there are, best first.
    private static let ranking: [Method] = [.logBased, .triggerBased, .incremental, .fullTable]
    private static let supported: Set<Method> = [.logBased, .incremental, .fullTable]

    /// - Parameter hasCursor: Whether a cursor is configured, without which INCREMENTAL is out of the question.
    init(_ choice: MethodChoice, methods: [Method: Eligibility], hasCursor: Bool) {
        switch choice {
        case .fixed(let method) where !Self.supported.contains(method): self = .unsupported(method)
        case .fixed(let method): self.init(method, methods[method], reason: "The configuration asks for it.")
        case .auto:
            let candidates = Self.ranking.filter {
                Self.supported.contains($0) && ($0 != .incremental || hasCursor)
            }
            let decisions = candidates.map { Self($0, methods[$0], reason: Self.autoReason($0)) }
            let usable = decisions.first { if case .use = $0 { true } else { false } }
            self = usable ?? decisions.last ?? .unsupported(.fullTable)
        }
    }

    private init(_ method: Method, _ eligibility: Eligibility?, reason: String) {
        switch eligibility {
        case .usable(let note): self = .use(method, reason: reason, note: note)
        case .unusable(let reason, let remedy): self = .unusable(reason: reason, remedy: remedy)
        case nil: self = .unusable(reason: "The source does not offer \(method.rawValue) for it.", remedy: nil)
        }
    }

    private static func autoReason(_ method: Method) -> String {
        switch method {
        case .fullTable: "auto takes it because its changes cannot be followed: each run copies the whole table."
        case .incremental: "auto takes it because the table has a cursor and its changes cannot be followed."
        case .triggerBased: "auto takes it because triggers can note the changes and the log cannot be read."
        case .logBased: "auto takes it because the log holds every change."
        }
    }
}
