import TandemCore
import TandemRows

extension ByteWriter {
    /// All of a link but its id, its pair and its keys.
    mutating func add(contentOf link: Link) {
        var flags: LinkFlags = []
        if link.created.left != nil { flags.insert(.leftCreated) }
        if link.created.right != nil { flags.insert(.rightCreated) }
        if link.versions.left != nil { flags.insert(.leftVersion) }
        if link.versions.right != nil { flags.insert(.rightVersion) }
        if link.isSevered { flags.insert(.isSevered) }
        if link.isHeld { flags.insert(.isHeld) }
        if link.winner != nil { flags.insert(.winner) }
        if link.intent != nil { flags.insert(.intent) }
        add(byte: flags.rawValue)
        for side in Side.allCases {
            if let created = link.created[side] { add(signed: created) }
            if let version = link.versions[side] { add(version: version) }
        }
        if let winner = link.winner { add(byte: UInt8(winner.rawValue)) }
        add(count: link.base.left.count)
        add(bases: link.base.left, beside: nil)
        add(bases: link.base.right, beside: link.base.left)
        if let intent = link.intent { add(intent) }
    }

    /// - Parameter other: What need not be said twice.
    private mutating func add(bases: [FieldBase], beside other: [FieldBase]?) {
        if bases == other { add(byte: BaseForm.asLeft.rawValue); return }
        var (hasHashes, hasOthers) = (false, false)
        for base in bases {
            if case .hash = base { hasHashes = true } else { hasOthers = true }
        }
        if !hasOthers {
            add(byte: BaseForm.hashes.rawValue)
            for case .hash(let hash) in bases { add(word: hash) }
        } else if !hasHashes, bases.allSatisfy({ $0 == .none }) {
            add(byte: BaseForm.none.rawValue)
        } else {
            add(byte: BaseForm.mixed.rawValue)
            for (index, base) in bases.enumerated() {
                if base != .none, base == other?[index] { add(byte: BaseTag.asLeft) } else { add(base) }
            }
        }
    }

    private mutating func add(_ base: FieldBase) {
        switch base {
        case .none: add(byte: BaseTag.none)
        case .hash(let hash):
            add(byte: BaseTag.hash)
            add(word: hash)
        case .kept(let value):
            add(byte: BaseTag.kept)
            add(value)
        }
    }

    private mutating func add(_ intent: Intent) {
        add(intent.operation.description)
        add(byte: UInt8(intent.target.rawValue))
        add(count: intent.kind.rawValue)
        add(each: intent.fields) { writer, field in
            writer.add(count: field.index)
            writer.add(field.source)
            writer.add(field.target)
            writer.add(field.sent)
            writer.add(word: field.canonical)
        }
    }
}

extension ByteReader {
    /// As many fields as a record may have; more are none of ours.
    private static var fieldLimit: Int { 4096 }

    mutating func content(of link: inout Link) throws(MalformedBytes) {
        let flags = LinkFlags(rawValue: try byte())
        if flags.contains(.leftCreated) { link.created.left = try signed() }
        if flags.contains(.leftVersion) { link.versions.left = try version() }
        if flags.contains(.rightCreated) { link.created.right = try signed() }
        if flags.contains(.rightVersion) { link.versions.right = try version() }
        link.isSevered = flags.contains(.isSevered)
        link.isHeld = flags.contains(.isHeld)
        if flags.contains(.winner) { link.winner = try choice() }
        let count = try index(Self.fieldLimit)
        link.base.left = try bases(count, beside: nil)
        link.base.right = try bases(count, beside: link.base.left)
        if flags.contains(.intent) { link.intent = try intent(count) }
    }

    private mutating func bases(_ count: Int, beside other: [FieldBase]?) throws(MalformedBytes) -> [FieldBase] {
        guard let form = BaseForm(rawValue: try byte()) else { throw malformed }
        switch form {
        case .none: return Array(repeating: .none, count: count)
        case .asLeft:
            guard let other else { throw malformed }
            return other
        case .hashes, .mixed:
            var bases: [FieldBase] = []
            bases.reserveCapacity(count)
            for index in 0..<count {
                bases.append(form == .hashes ? .hash(try word()) : try base(beside: other?[index]))
            }
            return bases
        }
    }

    private mutating func base(beside other: FieldBase?) throws(MalformedBytes) -> FieldBase {
        switch try byte() {
        case BaseTag.none: return .none
        case BaseTag.hash: return .hash(try word())
        case BaseTag.kept: return .kept(try value())
        case BaseTag.asLeft:
            guard let other else { throw malformed }
            return other
        default: throw malformed
        }
    }

    private mutating func intent(_ fieldCount: Int) throws(MalformedBytes) -> Intent {
        Intent(
            operation: OperationID(try text()),
            target: try choice(),
            kind: try choice(),
            fields: try list { (reader) throws(MalformedBytes) in
                let index = try reader.index()
                guard index < fieldCount else { throw reader.malformed }
                return Intent.Field(
                    index: index,
                    source: try reader.base(beside: nil),
                    target: try reader.base(beside: nil),
                    sent: try reader.base(beside: nil),
                    canonical: try reader.word()
                )
            }
        )
    }
}

/// What there is of a link.
private struct LinkFlags: OptionSet {
    let rawValue: UInt8
    static let leftCreated = Self(rawValue: 1)
    static let rightCreated = Self(rawValue: 2)
    static let leftVersion = Self(rawValue: 4)
    static let rightVersion = Self(rawValue: 8)
    static let isSevered = Self(rawValue: 16)
    static let isHeld = Self(rawValue: 32)
    static let winner = Self(rawValue: 64)
    static let intent = Self(rawValue: 128)
}

/// How the bases of a side are written: none at all, one hash a field, each by itself, or those of the left again.
private enum BaseForm: UInt8 { case none, hashes, mixed, asLeft }

private enum BaseTag {
    static let none: UInt8 = 0
    static let hash: UInt8 = 1
    static let kept: UInt8 = 2
    static let asLeft: UInt8 = 3
}
