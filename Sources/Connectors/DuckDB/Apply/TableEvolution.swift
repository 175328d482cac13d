import TandemCore
import TandemRows

/// Changes the shape of one table, in an open transaction.
struct TableEvolution {
    let table: TableName
    let session: Session

    /// - Returns: The table's name from now on.
    /// - Throws: ``TableMismatch`` if the table in the file cannot be changed so.
    func apply(_ step: TargetChanges.Evolution) throws -> TableName {
        do {
            switch step {
            case .addColumn(let column, let value): try add(column, value)
            case .renameColumn(let old, let new):
                try alter("RENAME COLUMN \(SQL.identifier(old)) TO \(SQL.identifier(new))")
            case .keepColumn, .setMetadataColumns: break
            case .renameTable(let name):
                try rename(to: name)
                return name
            }
            return table
        } catch DuckDBError.failed(_, let reason) where Self.refusals.contains(where: reason.hasPrefix) {
            // DuckDB's words may hold a value.
            throw TableMismatch(table, because: "the warehouse could not follow a change of its columns or name")
        }
    }

    private static let refusals = ["Catalog Error", "Binder Error", "Conversion Error", "Invalid Input Error"]

    private func alter(_ change: String) throws {
        try session.run("ALTER TABLE \(session.quoted(table)) \(change)", to: "change the shape of \(table)")
    }

    private func add(_ column: ColumnSchema, _ value: Value) throws {
        let definition = "ADD COLUMN \(SQL.identifier(column.name)) \(column.type.sql)"
        guard value != .null else { return try alter(definition) }
        guard let literal = SQL.literal(value, as: column.type) else {
            throw TableMismatch(table, because: "the value of the new column \(column.name) is none of its type")
        }
        try alter("\(definition) DEFAULT \(literal)")
        // For the rows that are there only; those to come are sent whole.
        try alter("ALTER COLUMN \(SQL.identifier(column.name)) DROP DEFAULT")
    }

    private func rename(to name: TableName) throws {
        guard try WarehouseCatalog(session).kind(of: name) == nil else {
            throw TableMismatch(table, because: "there is something named \(name) in the warehouse already")
        }
        guard SQL.folding.fold(name.schema) != SQL.folding.fold(table.schema) else {
            return try alter("RENAME TO \(SQL.identifier(name.table))")
        }
        // DuckDB renames within a schema only.
        let parts = try UserParts(in: session)[table]
        guard parts?.indexes.isEmpty ?? true else {
            throw TableMismatch(table, because: "an index that users made at it cannot go along to another schema")
        }
        let columns = try WarehouseCatalog(session).columns(of: table) ?? []
        let list = columns.map { "\(SQL.identifier($0.name)) \($0.type)" } + [WarehouseCatalog.constraint]
        let (old, new) = (session.quoted(table), session.quoted(name))
        try session.run(
            """
            CREATE SCHEMA IF NOT EXISTS \(session.quoted(schema: name.schema));
            CREATE TABLE \(new) (\(list.joined(separator: ", ")));
            INSERT INTO \(new) FROM \(old);
            COMMENT ON TABLE \(new) IS \(SQL.literal(WarehouseCatalog.mark));
            DROP TABLE \(old);
            """,
            to: "move \(table)"
        )
        // What else a table has than rows.
        _ = try MetadataColumnWriter(table: name, session: session).set(MetadataColumns(names: columns.map(\.name)))
        guard let parts else { return }
        try UserPartWriter(parts: parts, session: session).comment(on: name, of: columns.map(\.name))
        for column in parts.columns {
            guard let standard = column.standard else { continue }
            let change = "ALTER COLUMN \(SQL.identifier(column.name)) SET DEFAULT \(standard)"
            try session.run("ALTER TABLE \(new) \(change)", to: "move \(table)")
        }
    }
}
