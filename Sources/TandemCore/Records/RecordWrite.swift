public import TandemRows

/// Tells a write from the others of its call.
public typealias WriteID = Int

/// What is to become of one record.
public struct RecordWrite: Sendable {
    public enum Change: Hashable, Sendable {
        /// A new record, which may make its own key where `fields` do not give it. The same operation again makes none
        /// where ``RecordStore/made(by:of:)`` finds what it has made.
        case create(OperationID, fields: [Int: Value])
        /// Of the record that was read last as the given one. Other fields stay as they are.
        case update(Record, fields: [Int: Value])
        case delete(Record)
    }

    public var id: WriteID
    public var shape: RecordShape
    /// Fields are named by their indexes into ``RecordShape/fields``.
    public var change: Change

    public init(id: WriteID, shape: RecordShape, change: Change) {
        self.id = id
        self.shape = shape
        self.change = change
    }
}

/// What became of a write.
public enum WriteOutcome: Hashable, Sendable {
    /// The record as the side holds it now, which may have made something else of a value.
    case stored(Record)
    /// The same, at a side that cannot refuse: it has replaced these values, by field, which were not those expected.
    case overwrote(Record, [Int: Value])
    /// It is gone by now.
    case deleted
    /// Nothing was written: the record was no more as it was expected, or is gone.
    case stale
    /// Nothing was written, and trying it again without a change would not help.
    case rejected(WriteRejection)
    /// It may have been written or not.
    case unknown
}

/// Why a side does not take a write, without any of its values.
public struct WriteRejection: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, Codable {
        /// Another record has one of its unique values.
        case duplicate
        /// It names a record that is not there, or others name it.
        case reference
        /// The value is none that this field takes.
        case value
        /// This user may not.
        case permission
        /// The record is in use, or the side busy: it may be taken later.
        case busy
        case other
    }

    public var kind: Kind
    /// One sentence.
    public var cause: String
    /// The side's own word for it, such as an SQLSTATE.
    public var code: String?
    /// The field that is the cause, where it is one: an index into ``RecordShape/fields``.
    public var field: Int?
    public var constraint: String?

    public init(kind: Kind, cause: String, code: String? = nil, field: Int? = nil, constraint: String? = nil) {
        self.kind = kind
        self.cause = cause
        self.code = code
        self.field = field
        self.constraint = constraint
    }
}
