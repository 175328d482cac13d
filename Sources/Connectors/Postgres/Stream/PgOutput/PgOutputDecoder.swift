/// Reads the messages of the plugin `pgoutput`.
struct PgOutputDecoder {
    /// What stands before a row.
    enum Mark {
        static let new: UInt8 = 0x4E
        static let key: UInt8 = 0x4B
        static let old: UInt8 = 0x4F
    }

    var new = PgOutput.TupleData()
    var old = PgOutput.TupleData()
    private var isInTransaction = false

    /// Reads one message, and tells `sink` what it says.
    ///
    /// - Throws: ``MalformedMessage``; what `sink` throws.
    mutating func decode(_ message: UnsafeRawBufferPointer, into sink: inout some ChangeSink) throws {
        guard let first = message.first else { throw MalformedMessage.length(of: "plugin's") }
        guard let kind = PgOutput.Kind(rawValue: first) else { throw MalformedMessage.unknownKind(first) }
        switch kind {
        case .begin:
            guard !isInTransaction else { throw MalformedMessage.order(of: "Begin") }
            let start = try PgOutput.begin(message)
            isInTransaction = true
            try sink.begin(start)
        case .commit:
            guard isInTransaction else { throw MalformedMessage.order(of: "Commit") }
            let end = try PgOutput.commit(message)
            isInTransaction = false
            try sink.commit(end)
        case .origin: try PgOutput.origin(message)
        // The only ones that may stand outside of a transaction.
        case .message: try sink.message(PgOutput.message(message))
        case .insert, .update, .delete, .truncate, .relation, .type:
            guard isInTransaction else { throw MalformedMessage.order(of: "\(kind)") }
            try change(kind, message, into: &sink)
        }
    }

    /// Reads a message that belongs to a transaction.
    @inline(__always)
    private mutating func change(
        _ kind: PgOutput.Kind,
        _ message: UnsafeRawBufferPointer,
        into sink: inout some ChangeSink
    ) throws {
        switch kind {
        case .insert: try insert(message, into: &sink)
        case .update: try update(message, into: &sink)
        case .delete: try delete(message, into: &sink)
        case .truncate: try sink.truncate(PgOutput.truncate(message))
        case .relation: try sink.relation(PgOutput.relation(message))
        case .type: try PgOutput.type(message)
        case .begin, .commit, .origin, .message: throw MalformedMessage.order(of: "\(kind)")
        }
    }
}
