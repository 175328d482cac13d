public import TandemRows

/// A kind of record that a side has, such as a table.
public struct RecordType: Sendable {
    public struct Field: Sendable {
        public var column: ColumnSchema
        /// Why it cannot be written, such as "it is generated"; `nil` where it can.
        public var readOnly: String?
        /// Whether a new record must have a value for it: it may not be null, and nothing else gives it one.
        public var isRequired: Bool
        /// Whether the side gives new records a value of its own making, such as that of a sequence.
        public var isMade: Bool
        /// What its values are the keys of.
        public var references: TableID?

        public init(
            column: ColumnSchema,
            readOnly: String? = nil,
            isRequired: Bool = false,
            isMade: Bool = false,
            references: TableID? = nil
        ) {
            self.column = column
            self.readOnly = readOnly
            self.isRequired = isRequired
            self.isMade = isMade
            self.references = references
        }
    }

    public var name: TableName
    public var id: TableID
    /// Indexes into `fields`; empty where nothing tells its records apart.
    public var key: [Int]
    public var fields: [Field]
    /// Sets of fields no two records have the same values in, the key aside.
    public var unique: [[Int]]
    /// Why it cannot be kept in step, and what to do about it; `nil` where it can.
    public var obstacle: (reason: String, remedy: Remedy?)?
    /// How its changes are told.
    public var method: Method?

    public init(
        name: TableName,
        id: TableID,
        key: [Int],
        fields: [Field],
        unique: [[Int]] = [],
        obstacle: (reason: String, remedy: Remedy?)? = nil,
        method: Method? = nil
    ) {
        self.name = name
        self.id = id
        self.key = key
        self.fields = fields
        self.unique = unique
        self.obstacle = obstacle
        self.method = method
    }
}
