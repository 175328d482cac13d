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
        case .insert, .update, .delete, .truncate, .relation, .type, .message:
            try change(kind, message, from: 1, into: &sink)
        case .streamStart, .streamStop, .streamCommit, .streamAbort:
            throw MalformedMessage.unknownKind(first)
        }
    }

    /// Reads a message that belongs to a transaction.
    ///
    /// - Parameter start: Where its parts begin.
    @inline(__always)
    mutating func change(
        _ kind: PgOutput.Kind,
        _ message: UnsafeRawBufferPointer,
        from start: Int,
        into sink: inout some ChangeSink
    ) throws {
        // Messages outside a transaction are the only ones that stand alone.
        guard isInTransaction || kind == .message else { throw MalformedMessage.order(of: "\(kind)") }
        switch kind {
        case .insert: try insert(message, from: start, into: &sink)
        case .update: try update(message, from: start, into: &sink)
        case .delete: try delete(message, from: start, into: &sink)
        case .truncate: try sink.truncate(PgOutput.truncate(message, from: start))
        case .relation: try sink.relation(PgOutput.relation(message, from: start))
        case .type: try PgOutput.type(message, from: start)
        case .message: try sink.message(PgOutput.message(message, from: start))
        case .begin, .commit, .origin, .streamStart, .streamStop, .streamCommit, .streamAbort:
            throw MalformedMessage.order(of: "\(kind)")
        }
    }
}
