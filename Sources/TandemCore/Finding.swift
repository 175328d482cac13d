/// What a person can do about a problem.
public struct Remedy: Hashable, Sendable, Codable {
    /// One sentence, in the imperative.
    public var text: String
    /// Statements that do it, in order, each without its semicolon. Empty where SQL is not the remedy.
    public var sql: [String]

    public init(_ text: String, sql: [String] = []) {
        self.text = text
        self.sql = sql
    }
}

/// One answer of `tandem check`.
public struct Finding: Hashable, Sendable {
    public enum Severity: String, Sendable, Codable, Comparable {
        case ok, note, warning, error

        public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
        private var rank: Int {
            switch self {
            case .ok: 0
            case .note: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    public var severity: Severity
    /// What was looked at: `authentication`, `public.orders`, …
    public var subject: String
    /// What was found, one sentence.
    public var message: String
    public var remedy: Remedy?

    public init(_ severity: Severity, _ subject: String, _ message: String, remedy: Remedy? = nil) {
        self.severity = severity
        self.subject = subject
        self.message = message
        self.remedy = remedy
    }
}

/// An error that tells its reader what happened, where, and what to do.
///
/// `description` is a sentence or two without a cell's value or a password.
public protocol ExplainedError: Error, CustomStringConvertible {
    var remedy: Remedy? { get }
    /// Whether the same attempt may go through a little later: a lost connection, a server starting up, a conflict.
    var isTransient: Bool { get }
    /// Whether it is about nothing but what was asked for, on a connection that goes on: other tables may be read and
    /// written meanwhile, also where it is transient.
    var isConfined: Bool { get }
    /// Whether it is for somebody else to make way: who holds what is needed, and was waited for as long as the
    /// configuration says, or has filled the disk. Only a run that is not to end waits on.
    var isBusy: Bool { get }
    /// Whether it is about the method by which changes were to be followed, and another method may do.
    var rulesOutMethod: Bool { get }
}

/// An error about one table, which others can go on without. What it says is its cause's.
public protocol ConfinedError: ExplainedError {
    var cause: any ExplainedError { get }
}

extension ConfinedError {
    public var description: String { cause.description }
    public var remedy: Remedy? { cause.remedy }
    public var isTransient: Bool { cause.isTransient }
    public var isConfined: Bool { true }
}

extension ExplainedError {
    public var rulesOutMethod: Bool { false }
    public var isBusy: Bool { false }
    public var isConfined: Bool { !isTransient }

    /// Whether nothing goes on, such as without a connection, and all of it may a little later.
    package var interruptsAll: Bool { isTransient && !isConfined }

    /// The description with a full stop behind it, so that another sentence may follow.
    public var sentence: String { description.hasSuffix(".") ? description : description + "." }
}
