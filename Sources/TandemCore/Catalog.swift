public import TandemRows

/// How a table's rows and changes are read.
public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
    case fullTable = "FULL_TABLE"
    case incremental = "INCREMENTAL"
    case logBased = "LOG_BASED"
    case triggerBased = "TRIGGER_BASED"
}

/// Every table of a database.
public struct Catalog: Sendable {
    public var tables: [CatalogTable]
    public init(tables: [CatalogTable]) { self.tables = tables }
}

public struct CatalogTable: Sendable {
    public enum Kind: String, Sendable, Codable {
        case table
        case partitionedTable = "partitioned table"
        case view
        case materializedView = "materialized view"
        case foreignTable = "foreign table"
    }

    /// The columns that can be read; what cannot is in `omitted`.
    public var schema: TableSchema
    public var kind: Kind
    /// By the server's statistics. `nil` where it has none.
    public var estimatedRows: Int?
    public var bytes: Int?
    public var omitted: [OmittedColumn]
    /// What its rows lie in. None where rows come and go by changes alone.
    public var parts: [TablePart]
    /// What its values depend on besides its rows. `nil` where the source does not say.
    public var definition: TableDefinition?
    /// Columns whose values are in an order, so that it can be read by them as a cursor; the likeliest first.
    public var cursorColumns: [String]
    /// One for each method.
    public var methods: [Method: Eligibility]
    /// Columns that hold decimals of any number of digits, by ``ColumnSchema/id``: they are read as text where nothing
    /// else is asked for, and may be asked for as any ``ColumnType/decimal(precision:scale:)``.
    public var decimals: Set<ColumnID>
    /// Columns whose values a method would not tell where rows change: it can be used where these are not copied.
    public var untold: [Method: [OmittedColumn]]

    public init(
        schema: TableSchema,
        kind: Kind,
        estimatedRows: Int? = nil,
        bytes: Int? = nil,
        omitted: [OmittedColumn] = [],
        parts: [TablePart] = [],
        definition: TableDefinition? = nil,
        cursorColumns: [String] = [],
        methods: [Method: Eligibility],
        decimals: Set<ColumnID> = [],
        untold: [Method: [OmittedColumn]] = [:]
    ) {
        self.schema = schema
        self.kind = kind
        self.estimatedRows = estimatedRows
        self.bytes = bytes
        self.omitted = omitted
        self.parts = parts
        self.definition = definition
        self.cursorColumns = cursorColumns
        self.methods = methods
        self.decimals = decimals
        self.untold = untold
    }
}

extension CatalogTable {
    /// Whether rows can be asked for with `column` as values of `type`.
    public func allows(_ column: ColumnSchema, as type: ColumnType) -> Bool {
        if case .decimal = type, decimals.contains(column.id) { return true }
        return type == .text || type == column.type
    }
}

/// A column that is left out, and why.
public struct OmittedColumn: Hashable, Sendable {
    public var name: String
    /// As ``ColumnSchema/id``.
    public var id: ColumnID
    public var reason: String
    public var remedy: Remedy?

    public init(name: String, id: ColumnID? = nil, reason: String, remedy: Remedy? = nil) {
        self.name = name
        self.id = id ?? ColumnID(name)
        self.reason = reason
        self.remedy = remedy
    }
}

/// Whether a method can be used on a table.
public enum Eligibility: Hashable, Sendable {
    /// With what the user should know, if anything.
    case usable(note: String?)
    /// Once something has been made at the source that changes the application's tables (`tandem setup`).
    case needsSetup(reason: String, remedy: Remedy?)
    case unusable(reason: String, remedy: Remedy?)
}
