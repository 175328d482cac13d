package import TandemCore
package import TandemRows

/// A table as the catalog describes it to the current user, with what its reader has to know beyond ``CatalogTable``.
package struct PostgresTable: Sendable {
    package var oid: UInt32
    package var name: TableName
    package var kind: CatalogTable.Kind
    /// The columns that can be read, in their order.
    package var columns: [PostgresColumn]
    /// Indexes into `columns`: its key, or empty.
    package var identity: [Int]
    package var omitted: [OmittedColumn]
    /// Its partitions, at every depth.
    package var parts: [TablePart]
    /// What its values depend on besides its rows.
    package var definition: TableDefinition?
    package var estimatedRows: Int?
    package var bytes: Int?
    /// Columns that it can be read by as a cursor, the likeliest first.
    package var cursorColumns: [String]
    package var methods: [Method: Eligibility]
    /// The current user may change its rows.
    var isWritable: Bool

    package var schema: TableSchema {
        TableSchema(name: name, id: TableID(oid), columns: columns.map(\.schema), identity: identity)
    }

    package var catalogTable: CatalogTable {
        CatalogTable(
            schema: schema,
            kind: kind,
            estimatedRows: estimatedRows,
            bytes: bytes,
            omitted: omitted,
            parts: parts,
            definition: definition,
            cursorColumns: cursorColumns,
            methods: methods,
            decimals: Set(columns.filter(\.native.isAnyDecimal).map { ColumnID($0.number) })
        )
    }
}
