/// A column of a table that lives through a ``RandomHistory``.
struct HistoryColumn: Sendable {
    /// What the column is for, which decides what may happen to it.
    enum Role: Sendable {
        case key
        /// Rows are looked for in it, though it does not tell them apart.
        case selector
        /// Decides in which partition a row lies; part of the key.
        case region
        /// The key of a row of another table.
        case reference
        case value
    }

    enum Kind: String, Sendable, CaseIterable {
        case integer
        case bigint
        case varchar = "varchar(20)"
        case text
        /// Text that is stored out of line, so that an update of other columns does not send it.
        case long
        case amount = "numeric(12, 2)"
        case decimal = "numeric(20, 4)"
        case double = "double precision"
        case boolean
        case date
        case timestamp
        case timestamptz
        case json = "jsonb"
        case bytes = "bytea"
        case uuid
        case integers = "integer[]"
        case interval
        /// An enumeration, whose labels are renamed where tables evolve.
        case state = "public.history_state"
        case states = "public.history_state[]"
        /// A composite type, which gets attributes where tables evolve.
        case pair = "public.history_pair"
        /// A domain over text.
        case limited = "public.history_limited"

        var type: String { self == .long ? "text" : rawValue }
        var isOwn: Bool { [.state, .states, .pair, .limited].contains(self) }

        /// Other values of the same type, in the place of those of a column that is called `name`.
        func others(than name: String) -> String? {
            switch self {
            case .integer, .bigint: "\(name) / 2"
            case .varchar, .text, .long, .limited: "reverse(\(name))"
            case .boolean: "NOT \(name)"
            default: nil
            }
        }

        /// What the type can become without a value being refused.
        var wider: [Kind] {
            switch self {
            case .integer: [.bigint, .text]
            case .varchar, .limited: [.text]
            case .amount: [.decimal]
            case .date: [.timestamp]
            default: []
            }
        }

        /// The value that stands for the number `expression` in a key.
        func key(_ expression: String) -> String {
            switch self {
            case .text, .varchar: "('k' || (\(expression)))"
            case .uuid: "('00000000-0000-4000-8000-' || lpad((\(expression))::text, 12, '0'))::uuid"
            default: "(\(expression))"
            }
        }
    }

    var name: String
    var kind: Kind
    var role = Role.value
    var isRequired = false

    var isKey: Bool { role == .key || role == .region }
}
