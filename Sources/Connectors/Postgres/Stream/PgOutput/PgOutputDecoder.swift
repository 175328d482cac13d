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
    private var inProgress = TransactionsInProgress()

    /// Whether a transaction that was sent before its end has more to tell: see ``more(into:)``.
    var hasMore: Bool { inProgress.hasMore }

    /// Reads one message, and tells `sink` what it says.
    ///
    /// - Throws: ``MalformedMessage``; what `sink` throws.
    mutating func decode(_ message: UnsafeRawBufferPointer, into sink: inout some ChangeSink) throws {
        guard let first = message.first else { throw MalformedMessage.length(of: "plugin's") }
        guard let kind = PgOutput.Kind(rawValue: first) else { throw MalformedMessage.unknownKind(first) }
        switch kind {
        case .begin:
            guard !isInTransaction, inProgress.current == nil else { throw MalformedMessage.order(of: "Begin") }
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
            guard inProgress.current == nil else { return try inProgress.keep(message, kind) }
            try change(kind, message, from: 1, into: &sink)
        case .streamStart, .streamStop, .streamCommit, .streamAbort: try stream(kind, message, into: &sink)
        }
    }

    /// Goes on with a transaction that was sent before its end, until it ends or `sink` is full.
    mutating func more(into sink: inout some ChangeSink) throws {
        var told = inProgress
        let end = try told.tell { message in
            guard let kind = message.first.flatMap(PgOutput.Kind.init) else {
                throw MalformedMessage.length(of: "plugin's")
            }
            // Behind its first byte stands the number of its transaction.
            try change(kind, message, from: 5, into: &sink)
            return !sink.isFull
        }
        inProgress = told
        guard let end else { return }
        isInTransaction = false
        try sink.commit(end)
    }

    /// Reads a message about a transaction that is sent before its end.
    private mutating func stream(
        _ kind: PgOutput.Kind,
        _ message: UnsafeRawBufferPointer,
        into sink: inout some ChangeSink
    ) throws {
        guard !isInTransaction else { throw MalformedMessage.order(of: "Stream") }
        switch kind {
        case .streamStart: try inProgress.start(PgOutput.StreamStart(message))
        case .streamStop:
            guard message.count == 1 else { throw MalformedMessage.length(of: "Stream Stop") }
            try inProgress.stop()
        case .streamAbort:
            let (xid, part) = try PgOutput.streamAbort(message)
            try inProgress.abort(xid, part: part)
        default:
            let (xid, end) = try PgOutput.streamCommit(message)
            try inProgress.commit(xid, end)
            isInTransaction = true
            try sink.begin(TransactionStart(xid: xid, commit: end.commit, end: end.end, time: end.time))
            try more(into: &sink)
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
