/// Numbers a destination's transactions, of which one is open at a time: whatever comes for another is refused.
package struct TransactionNumbers: Sendable {
    private var last = 0

    package init() {}

    /// Begins the next one. Those before it are at their end.
    package mutating func begin() -> Int {
        last += 1
        return last
    }

    /// Ends the one that is open, if one is.
    package mutating func end() { last += 1 }

    package func isOpen(_ number: Int) -> Bool { number == last }

    package func require(_ number: Int) throws(TransactionEnded) {
        guard isOpen(number) else { throw TransactionEnded() }
    }
}

/// Something was to be written in a transaction that was committed, rolled back or broken off, or after which another
/// has begun.
package struct TransactionEnded: ExplainedError {
    package init() {}

    package var description: String { "The transaction in which this was to be written is at its end." }
    package var remedy: Remedy? { nil }
    package var isTransient: Bool { false }
}

/// Which part of a transaction changes are.
package enum TransactionPart: Sendable {
    /// More is to come.
    case next
    /// It is committed with them.
    case last(advancing: StreamCheckpoint?)

    package var isLast: Bool { if case .last = self { true } else { false } }
}
