import TandemRows

/// Reads the messages of the plugin `wal2json`, in format 2 or, change by change, in format 1.
///
/// Tables are known by their names here, and numbered as they come.
struct Wal2JSONDecoder {
    let format: Wal2JSON.Format
    private var parsed = ParsedChange()
    private let values = ValueStore()
    private var relations: [Wal2JSONRelation] = []
    /// Index of a relation by its names as they stand in JSON, a zero byte between.
    private var places: [[UInt8]: Int] = [:]
    private var last: (names: [UInt8], place: Int)?
    private var new: [TupleBuffer.Cell] = []
    private var old: [TupleBuffer.Cell] = []
    /// Tables that were emptied together, one message each.
    private var truncated: [UInt32] = []
    private var isInTransaction = false
    /// Where the transaction's commit lies and ends, and when it was, as its start says.
    private var start = TransactionStart(xid: 0)

    init(_ format: Wal2JSON.Format) { self.format = format }

    /// Reads one message, and tells `sink` what it says.
    ///
    /// - Parameter place: Where the server says that it lies: the end of a commit for that.
    /// - Throws: ``MalformedMessage``; what `sink` throws.
    mutating func decode(
        _ message: UnsafeRawBufferPointer,
        at place: LSN,
        into sink: inout some ChangeSink
    ) throws {
        parsed.reset()
        values.removeAll()
        var scanner = JSONScanner(message)
        switch format {
        case .changes: try parsed.readFormat2(&scanner, values: values)
        case .chunks: try parsed.readFormat1(&scanner, values: values)
        }
        guard let kind = parsed.kind else { throw MalformedMessage.json("a change that does not say which") }
        if kind != .truncate, !truncated.isEmpty {
            try sink.truncate(truncated)
            truncated = []
        }
        switch kind {
        case .begin: try begin(&sink)
        case .commit: try commit(at: place, &sink)
        case .insert: try insert(message, &sink)
        case .update: try update(message, &sink)
        case .delete: try delete(message, &sink)
        case .truncate:
            let relation = try relation(of: message, &sink)
            truncated.append(relations[relation].number)
        case .message:
            let prefix = try parsed.prefix.map { token throws(MalformedMessage) in
                try JSONEscapes.string(UnsafeRawBufferPointer(rebasing: message[token.range]))
            }
            try sink.message(
                LogicalMessage(
                    isTransactional: parsed.isTransactional,
                    prefix: prefix ?? "",
                    byteCount: parsed.contentCount
                )
            )
        case .other: break
        }
    }

    private mutating func begin(_ sink: inout some ChangeSink) throws {
        guard !isInTransaction else { throw MalformedMessage.order(of: "B") }
        guard let xid = parsed.xid else { throw MalformedMessage.json("a transaction without its number") }
        isInTransaction = true
        start = TransactionStart(xid: xid, commit: parsed.lsn, end: parsed.nextLSN, time: parsed.time)
        try sink.begin(start)
    }

    private mutating func commit(at place: LSN, _ sink: inout some ChangeSink) throws {
        guard isInTransaction else { throw MalformedMessage.order(of: "C") }
        isInTransaction = false
        let end = parsed.nextLSN ?? start.end ?? place
        let commit = parsed.lsn ?? start.commit ?? end
        try sink.commit(TransactionEnd(commit: commit, end: end, time: parsed.time ?? start.time))
    }

    private mutating func insert(_ message: UnsafeRawBufferPointer, _ sink: inout some ChangeSink) throws {
        let place = try relation(of: message, &sink)
        let isKnown =
            relations[place].isComplete && parsed.columns.count == relations[place].columns.count
            && relations[place].fill(&new, with: parsed.columns, isOld: false, of: message)
        if !isKnown {
            try learn(parsed.columns, .row, at: place, message, &sink)
            try relations[place].refill(&new, with: parsed.columns, isOld: false, of: message)
        }
        try new.withUnsafeBufferPointer {
            try sink.insert(TupleImage(bytes: values.bytes, cells: $0), into: relations[place].number)
        }
    }

    private mutating func update(_ message: UnsafeRawBufferPointer, _ sink: inout some ChangeSink) throws {
        let place = try relation(of: message, &sink)
        if !relations[place].fill(&new, with: parsed.columns, isOld: false, of: message) {
            try learn(parsed.columns, .part, at: place, message, &sink)
        }
        if !relations[place].fill(&old, with: parsed.identity, isOld: true, of: message) {
            try learn(parsed.identity, .key, at: place, message, &sink)
        }
        try relations[place].refill(&new, with: parsed.columns, isOld: false, of: message)
        try relations[place].refill(&old, with: parsed.identity, isOld: true, of: message)
        try old.withUnsafeBufferPointer { old in
            try new.withUnsafeBufferPointer { new in
                let image = TupleImage(bytes: values.bytes, cells: new)
                try sink.update(before(old, at: place), to: image, in: relations[place].number)
            }
        }
    }

    private mutating func delete(_ message: UnsafeRawBufferPointer, _ sink: inout some ChangeSink) throws {
        let place = try relation(of: message, &sink)
        if !relations[place].fill(&old, with: parsed.identity, isOld: true, of: message) {
            try learn(parsed.identity, .key, at: place, message, &sink)
            try relations[place].refill(&old, with: parsed.identity, isOld: true, of: message)
        }
        guard parsed.hasIdentity else { throw MalformedMessage.json("a row deleted, and not which") }
        try old.withUnsafeBufferPointer { try sink.delete(before($0, at: place), from: relations[place].number) }
    }

    /// What came of the row as it was.
    private func before(_ cells: UnsafeBufferPointer<TupleBuffer.Cell>, at place: Int) -> OldImage {
        guard parsed.hasIdentity else { return .unchanged }
        let image = TupleImage(bytes: values.bytes, cells: cells)
        return parsed.identity.count == relations[place].columns.count ? .row(image) : .key(image)
    }
}

extension Wal2JSONDecoder {
    private mutating func learn(
        _ columns: [ParsedChange.Column],
        _ extent: Wal2JSONRelation.Extent,
        at place: Int,
        _ message: UnsafeRawBufferPointer,
        _ sink: inout some ChangeSink
    ) throws {
        relations[place].learn(columns, extent, of: message)
        try sink.relation(relations[place].described(omitsNullKeys: format == .chunks))
    }

    /// Index of the relation that the change is of.
    private mutating func relation(of message: UnsafeRawBufferPointer, _ sink: inout some ChangeSink) throws -> Int {
        guard isInTransaction else { throw MalformedMessage.order(of: "change") }
        guard let schema = parsed.schema, let table = parsed.table else {
            throw MalformedMessage.json("a change that does not say of which table")
        }
        if let last, Self.isSame(last.names, schema, table, message) { return last.place }
        let names = Array(message[schema.range]) + [0] + Array(message[table.range])
        if let known = places[names] {
            last = (names, known)
            return known
        }
        let relation = Wal2JSONRelation(
            number: UInt32(relations.count),
            schema: try JSONEscapes.string(UnsafeRawBufferPointer(rebasing: message[schema.range])),
            name: try JSONEscapes.string(UnsafeRawBufferPointer(rebasing: message[table.range]))
        )
        places[names] = relations.count
        last = (names, relations.count)
        relations.append(relation)
        try sink.relation(relation.described(omitsNullKeys: format == .chunks))
        return relations.count - 1
    }

    @inline(__always)
    private static func isSame(
        _ names: [UInt8],
        _ schema: JSONScanner.Token,
        _ table: JSONScanner.Token,
        _ message: UnsafeRawBufferPointer
    ) -> Bool {
        guard names.count == schema.count + 1 + table.count, names[schema.count] == 0 else { return false }
        return names.withUnsafeBytes { names in
            names[..<schema.count].elementsEqual(message[schema.range])
                && names[(schema.count + 1)...].elementsEqual(message[table.range])
        }
    }
}
