/// One column of a table.
public struct ColumnSchema: Hashable, Sendable {
    public var name: String
    public var type: ColumnType
    /// The type as its own database writes it, such as `varchar(20)`.
    public var nativeType: String
    /// What the column keeps when it is renamed: Postgres' `attnum`. 0 where the database has no such number.
    public var id: Int

    public init(name: String, type: ColumnType, nativeType: String, id: Int = 0) {
        self.name = name
        self.type = type
        self.nativeType = nativeType
        self.id = id
    }
}

/// The columns of a table, and which of them tell its rows apart.
public struct TableSchema: Hashable, Sendable {
    public var name: TableName
    /// What the table keeps when it is renamed: Postgres' OID. 0 where the database has no such number.
    public var id: UInt32
    public var columns: [ColumnSchema]
    /// Indexes into `columns`. Empty when nothing tells the rows apart.
    public var identity: [Int]

    public init(name: TableName, id: UInt32 = 0, columns: [ColumnSchema], identity: [Int]) {
        self.name = name
        self.id = id
        self.columns = columns
        self.identity = identity
    }
}
