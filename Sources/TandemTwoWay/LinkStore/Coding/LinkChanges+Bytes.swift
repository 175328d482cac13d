import TandemCore
import TandemRows

/// What is kept beside writes is a ``LinkChanges`` as bytes: a version, and then each of its parts.
extension LinkChanges {
    private static let version: UInt8 = 1

    /// Pairs and fields are numbers there, which stand for what they stood for when it was written.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.add(byte: Self.version)
        writer.add(each: links.values.sorted { $0.id < $1.id }) { $0.add($1) }
        writer.add(each: removed.sorted()) { $0.add(signed: $1) }
        for side in Side.allCases { writer.add(optional: cursors[side]) { $0.add($1.description) } }
        writer.add(each: marks) { writer, mark in
            writer.add(mark.key)
            writer.add(optional: mark.value) { $0.add($1) }
        }
        writer.add(each: issues) { writer, issues in
            writer.add(issues.key)
            writer.add(each: issues.value) { $0.add($1) }
        }
        writer.add(each: conflicts) { $0.add($1) }
        writer.add(each: history) { $0.add($1) }
        writer.add(optional: note) { $0.add(signed: $1) }
        return writer.bytes
    }

    /// - Throws: Where `bytes` are none that ``encoded()`` has made.
    package init(decoding bytes: [UInt8]) throws(MalformedBytes) {
        self = try ByteReader.read(bytes) { (reader) throws(MalformedBytes) in
            guard try reader.byte() == Self.version else { throw MalformedBytes(place: 0) }
            return try LinkChanges(&reader)
        }
    }

    private init(_ reader: inout ByteReader) throws(MalformedBytes) {
        for _ in 0..<(try reader.count()) {
            let link = try reader.link()
            guard links.updateValue(link, forKey: link.id) == nil else { throw reader.malformed }
        }
        for _ in 0..<(try reader.count()) {
            guard removed.insert(try reader.signed()).inserted else { throw reader.malformed }
        }
        for side in Side.allCases {
            cursors[side] = try reader.optional { (reader) throws(MalformedBytes) in Checkpoint(try reader.text()) }
        }
        for _ in 0..<(try reader.count()) {
            let item = try reader.item()
            let mark = try reader.optional { (reader) throws(MalformedBytes) in try reader.mark() }
            guard marks.updateValue(mark, forKey: item) == nil else { throw reader.malformed }
        }
        for _ in 0..<(try reader.count()) {
            let item = try reader.item()
            let list = try reader.list { (reader) throws(MalformedBytes) in try reader.issue() }
            guard issues.updateValue(list, forKey: item) == nil else { throw reader.malformed }
        }
        conflicts = try reader.list { (reader) throws(MalformedBytes) in try reader.conflict() }
        history = try reader.list { (reader) throws(MalformedBytes) in try reader.entry() }
        note = try reader.optional { (reader) throws(MalformedBytes) in try reader.signed() }
    }
}

extension ByteWriter {
    fileprivate mutating func add(_ link: Link) {
        add(signed: link.id)
        add(count: link.pair)
        for side in Side.allCases { add(optional: link.keys[side]) { $0.add($1) } }
        add(contentOf: link)
    }

    mutating func add(_ item: WorkItem) {
        switch item {
        case .link(let id):
            add(byte: 0)
            add(signed: id)
        case .record(let side, let pair, let key):
            add(byte: UInt8(1 + side.rawValue))
            add(count: pair)
            add(key)
        }
    }

    fileprivate mutating func add(_ mark: Mark) {
        add(double: mark.due)
        add(signed: Int64(mark.attempts))
        add(mark.reason)
    }

    fileprivate mutating func add(_ issue: RecordIssue) {
        add(issue.kind.rawValue)
        add(optional: issue.field) { $0.add($1) }
        add(optional: issue.side) { $0.add(byte: UInt8($1.rawValue)) }
        add(issue.cause)
        add(optional: issue.code) { $0.add($1) }
        add(double: issue.since)
    }

    fileprivate mutating func add(_ conflict: LoggedConflict) {
        add(signed: conflict.link)
        add(count: conflict.pair)
        add(conflict.kind.rawValue)
        add(count: conflict.field)
        add(byte: UInt8(conflict.loser.rawValue))
        add(optional: conflict.lost) { $0.add($1) }
        add(optional: conflict.won) { $0.add($1) }
        add(double: conflict.time)
    }

    fileprivate mutating func add(_ entry: HistoryEntry) {
        add(signed: entry.link)
        add(count: entry.pair)
        add(byte: UInt8(entry.kind.rawValue))
        add(byte: UInt8(entry.side.rawValue))
        add(each: entry.fields) { $0.add(count: $1) }
        add(byte: UInt8(entry.reason.rawValue))
        add(double: entry.time)
    }
}

extension ByteReader {
    fileprivate mutating func link() throws(MalformedBytes) -> Link {
        var link = Link(id: try signed(), pair: try index(), fields: 0, keys: Both(left: nil, right: nil))
        for side in Side.allCases {
            link.keys[side] = try optional { (reader) throws(MalformedBytes) in try reader.key() }
        }
        try content(of: &link)
        return link
    }

    mutating func item() throws(MalformedBytes) -> WorkItem {
        switch try byte() {
        case 0: .link(try signed())
        case 1: .record(.left, pair: try index(), try key())
        case 2: .record(.right, pair: try index(), try key())
        default: throw malformed
        }
    }

    fileprivate mutating func mark() throws(MalformedBytes) -> Mark {
        Mark(due: try double(), attempts: Int(try signed()), reason: try text())
    }

    fileprivate mutating func issue() throws(MalformedBytes) -> RecordIssue {
        RecordIssue(
            try choice(),
            field: try optional { (reader) throws(MalformedBytes) in try reader.text() },
            side: try optional { (reader) throws(MalformedBytes) in try reader.choice() },
            cause: try text(),
            code: try optional { (reader) throws(MalformedBytes) in try reader.text() },
            since: try double()
        )
    }

    fileprivate mutating func conflict() throws(MalformedBytes) -> LoggedConflict {
        LoggedConflict(
            link: try signed(),
            pair: try index(),
            kind: try choice(),
            field: try index(),
            loser: try choice(),
            lost: try optional { (reader) throws(MalformedBytes) in try reader.value() },
            won: try optional { (reader) throws(MalformedBytes) in try reader.value() },
            time: try double()
        )
    }

    fileprivate mutating func entry() throws(MalformedBytes) -> HistoryEntry {
        HistoryEntry(
            link: try signed(),
            pair: try index(),
            kind: try choice(),
            side: try choice(),
            fields: try list { (reader) throws(MalformedBytes) in try reader.index() },
            reason: try choice(),
            time: try double()
        )
    }
}
