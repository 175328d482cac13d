/// What a transaction may do, and what it sees.
package enum TransactionKind: Sendable {
    /// Each statement sees what is committed when it starts.
    case readOnly
    /// All statements see one moment.
    case snapshot
    case readWrite

    fileprivate var begin: String {
        switch self {
        case .readOnly: "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
        case .snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case .readWrite: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        }
    }
}

extension Session {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    package func transaction<Value>(_ kind: TransactionKind = .readOnly, _ body: () throws -> Value) throws -> Value {
        try begin(kind)
        let value: Value
        do { value = try body() } catch {
            // What went wrong first is what counts.
            if isOpen { try? execute("ROLLBACK") }
            throw error
        }
        try execute("COMMIT")
        return value
    }

    /// Begins a transaction with the settings every one of ours has.
    ///
    /// - Parameters:
    ///   - snapshot: The name of an exported snapshot that it is to see.
    ///   - statements: What comes first in it.
    func begin(_ kind: TransactionKind, joining snapshot: String? = nil, then statements: String? = nil) throws {
        let joining = snapshot.map { ["SET TRANSACTION SNAPSHOT \(SQL.literal($0))"] } ?? []
        let settings = capabilities.settings.map { "SET LOCAL \($0.name) = \($0.value)" }
        // As one message, so that it costs one round trip.
        do {
            try execute(([kind.begin] + settings + joining + [statements].compactMap(\.self)).joined(separator: "; "))
        } catch {
            if isOpen { try? execute("ROLLBACK") }
            throw error
        }
    }
}
