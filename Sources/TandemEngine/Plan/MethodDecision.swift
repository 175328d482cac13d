import TandemCore

/// Which method a table gets, and why.
enum MethodDecision: Hashable {
    case use(Method, reason: String, note: String?)
    /// The table itself does not allow it.
    case unusable(reason: String, remedy: Remedy?)

    /// The methods there are, best first.
    private static let ranking: [Method] = [.logBased, .triggerBased, .incremental, .fullTable]

    /// - Parameters:
    ///   - hasCursor: Whether a cursor is configured, without which INCREMENTAL is out of the question.
    ///   - maySetUp: Whether what a method needs may be made on the way.
    init(_ choice: MethodChoice, methods: [Method: Eligibility], hasCursor: Bool, maySetUp: Bool) {
        var methods = methods
        if maySetUp {
            methods = methods.mapValues { if case .needsSetup = $0 { .usable(note: nil) } else { $0 } }
        }
        switch choice {
        case .fixed(let method): self.init(method, methods[method], reason: "The configuration asks for it.")
        case .auto:
            let candidates = Self.ranking.filter { $0 != .incremental || hasCursor }
            let decisions = candidates.map { Self($0, methods[$0], reason: Self.autoReason($0)) }
            let place = decisions.firstIndex { if case .use = $0 { true } else { false } }
            self = place.map { decisions[$0] } ?? decisions[decisions.count - 1]
            guard case .use(let method, let reason, let note) = self else { return }
            // Why not something better, where that is for somebody to change.
            let better = candidates.prefix { $0 != method }.compactMap { candidate -> String? in
                switch methods[candidate] {
                case .needsSetup(let why, _), .unusable(let why, .some): "Not \(candidate.rawValue): \(why)"
                case .unusable(_, nil), .usable, nil: nil
                }
            }
            self = .use(method, reason: ([reason] + better).joined(separator: " "), note: note)
        }
    }

    private init(_ method: Method, _ eligibility: Eligibility?, reason: String) {
        switch eligibility {
        case .usable(let note): self = .use(method, reason: reason, note: note)
        case .unusable(let reason, let remedy), .needsSetup(let reason, let remedy):
            self = .unusable(reason: reason, remedy: remedy)
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
