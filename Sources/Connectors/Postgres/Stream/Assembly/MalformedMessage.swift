/// Bytes of a stream that are no message of their plugin. Never tells what they hold.
enum MalformedMessage: Error, Hashable, CustomStringConvertible {
    /// A message that ends before it is complete, or goes on behind its end.
    case length(of: String)
    /// A part with a value that is not defined.
    case value(of: String, in: String)
    case unknownKind(UInt8)
    /// A change of a relation that was not described.
    case unknownRelation
    /// A row with another number of columns than its relation.
    case columnCount
    /// A message in the wrong place, such as a commit without a transaction.
    case order(of: String)
    /// Text that is no JSON, or not such as the plugin writes.
    case json(String)

    var description: String {
        switch self {
        case .length(let kind): "a \(kind) message of another length than it says"
        case .value(let part, let kind): "a \(kind) message with an undefined \(part)"
        case .unknownKind(let byte): "a message of an unknown kind (\(byte))"
        case .unknownRelation: "a change of a table that was not described"
        case .columnCount: "a row with another number of columns than its table"
        case .order(let kind): "a \(kind) message where none may be"
        case .json(let what): "a change whose JSON cannot be read: \(what)"
        }
    }
}
