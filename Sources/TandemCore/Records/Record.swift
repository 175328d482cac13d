public import TandemRows

/// Which records of one side are kept in step, and which of their columns.
public struct RecordShape: Hashable, Sendable {
    public var table: TableName
    public var id: TableID
    /// What tells its records apart on this side, in the order of ``RowKey/values``.
    public var key: [ColumnSchema]
    /// The columns that are read and written, in the order of ``Record/fields``. Those of the key are among them only
    /// where they are kept in step themselves.
    public var fields: [ColumnSchema]
    /// The condition that a record must meet, in the side's own language; `nil` where all are wanted.
    public var scope: String?

    public init(
        table: TableName,
        id: TableID,
        key: [ColumnSchema],
        fields: [ColumnSchema],
        scope: String? = nil
    ) {
        self.table = table
        self.id = id
        self.key = key
        self.fields = fields
        self.scope = scope
    }
}

/// One record as a side has it.
public struct Record: Hashable, Sendable {
    public var key: RowKey
    /// Those of its ``RecordShape``, in its order, as their types say.
    public var fields: [Value]
    /// Indexes into `fields` of values that the field's type cannot hold, such as a date beyond its range: they stand
    /// there as null, are not null, and must not be written anywhere.
    public var unfit: Set<Int>
    /// What is another one once anything of the record has changed; of the side's own making. `nil` where the side has
    /// nothing of the kind.
    public var version: String?
    /// When it was made, in microseconds since 1970; `nil` where the side does not say. A key that comes again with
    /// another time is another record.
    public var createdAt: Int64?
    /// When it was changed last, in microseconds since 1970; `nil` where the side does not say.
    public var changedAt: Int64?
    /// Whether it meets ``RecordShape/scope``.
    public var isInScope: Bool
    /// The create that made it, where the side keeps that with the record.
    public var operation: OperationID?

    public init(
        key: RowKey,
        fields: [Value],
        unfit: Set<Int> = [],
        version: String? = nil,
        createdAt: Int64? = nil,
        changedAt: Int64? = nil,
        isInScope: Bool = true,
        operation: OperationID? = nil
    ) {
        self.key = key
        self.fields = fields
        self.unfit = unfit
        self.version = version
        self.createdAt = createdAt
        self.changedAt = changedAt
        self.isInScope = isInScope
        self.operation = operation
    }
}

/// Tells one write of ours from all others, ever, at every side.
public struct OperationID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
