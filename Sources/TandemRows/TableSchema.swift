/// One column of a table.
public struct ColumnSchema: Hashable, Sendable {
    public var name: String
    public var type: ColumnType
    /// The type as its own database writes it, such as `varchar(20)`.
    public var nativeType: String
    /// What it keeps when it is renamed.
    public var id: ColumnID

    /// - Parameter id: `nil` where the source tells columns by their names.
    public init(name: String, type: ColumnType, nativeType: String, id: ColumnID? = nil) {
        self.name = name
        self.type = type
        self.nativeType = nativeType
        self.id = id ?? ColumnID(name)
    }

    /// By the bytes of its name, as ``TableName``.
    public static func == (a: Self, b: Self) -> Bool {
        a.name.isExactly(b.name) && a.type == b.type && a.nativeType.isExactly(b.nativeType) && a.id == b.id
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(type)
    }
}

/// The columns of a table, and which of them tell its rows apart.
public struct TableSchema: Hashable, Sendable {
    public var name: TableName
    /// What it keeps when it is renamed.
    public var id: TableID
    public var columns: [ColumnSchema]
    /// Indexes into `columns`. Empty when nothing tells the rows apart.
    public var identity: [Int]

    /// - Parameter id: `nil` where the source tells tables by their names.
    public init(name: TableName, id: TableID? = nil, columns: [ColumnSchema], identity: [Int]) {
        self.name = name
        self.id = id ?? TableID(named: name)
        self.columns = columns
        self.identity = identity
    }
}
