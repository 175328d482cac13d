import TandemCore
import TandemRows

/// What the catalog says of writing to a column.
struct WritableColumn {
    var table: TableID
    var id: ColumnID
    var identity: String
    var isGenerated: Bool
    var isNotNull: Bool
    var hasDefault: Bool
    var isVolatile: Bool
    var mayInsert: Bool
    var mayUpdate: Bool

    init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        table = TableID(try row.text())
        id = ColumnID(try row.text())
        identity = try row.text()
        isGenerated = try !row.text().isEmpty
        isNotNull = try row.flag()
        hasDefault = try row.flag()
        isVolatile = try row.flag()
        mayInsert = try row.flag()
        mayUpdate = try row.flag()
    }

    /// What follows "because".
    func readOnly(for user: String) -> String? {
        if isGenerated { return "it is generated" }
        if identity == "a" { return "it is an identity that is GENERATED ALWAYS" }
        switch (mayInsert, mayUpdate) {
        case (true, true): return nil
        case (false, false): return "the user \"\(user)\" may not write it"
        case (true, false): return "the user \"\(user)\" may not update it"
        case (false, true): return "the user \"\(user)\" may not insert it"
        }
    }

    var isRequired: Bool { isNotNull && !hasDefault && identity.isEmpty && !isGenerated }
    var isMade: Bool { !isGenerated && (!identity.isEmpty || hasDefault && isVolatile) }
}

/// What the catalog says of writing to a table.
struct WritableTable {
    var id: TableID
    var missing: [String]
    var hidesRows: Bool
    var hasRules: Bool
    var isInherited: Bool

    init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        id = TableID(try row.text())
        missing = []
        for privilege in ["SELECT", "INSERT", "UPDATE", "DELETE"] where try !row.flag() { missing.append(privilege) }
        hidesRows = try row.flag()
        hasRules = try row.flag()
        isInherited = try row.flag()
    }
}

/// A foreign key of one column.
struct SingleReference {
    var table: TableID
    var column: ColumnID
    var target: TableID
    var targetColumn: ColumnID

    init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        table = TableID(try row.text())
        column = ColumnID(try row.text())
        target = TableID(try row.text())
        targetColumn = ColumnID(try row.text())
    }
}
