import TandemCore
import TandemRows

/// Adds columns of Tandem's own to tables, and takes them from them, in an open transaction.
struct OwnColumnWriter {
    let session: Session

    /// Gives a table that is there these columns and no others. New ones are null, and rows that are marked go with
    /// their mark.
    func set(_ columns: OwnColumns, of table: TableName) throws {
        let present = OwnColumns(names: try Reshaping.Shape(of: table, in: session).columns.keys)
        let gone = present.subtracting(columns)
        if gone.contains(.deletedAt) {
            try session.execute("DELETE FROM ONLY \(SQL.name(table)) WHERE \(StageTable.deletedAt) IS NOT NULL")
        }
        let actions =
            columns.subtracting(present).names.map { "ADD COLUMN \(SQL.identifier($0)) \(TargetType.time.sql)" }
            + gone.names.map { "DROP COLUMN \(SQL.identifier($0))" }
        guard !actions.isEmpty else { return }
        try session.execute("ALTER TABLE \(SQL.name(table)) \(actions.joined(separator: ", "))")
    }

    /// Gives what was loaded the columns that it is to have, and the rows that stay although they are gone.
    ///
    /// - Parameters:
    ///   - old: The copy that it takes the place of, if that is ours to keep rows of.
    /// - Returns: What was loaded with these columns among its own, and how many rows were added to it.
    func complete(
        _ load: LoadTable,
        for copy: CopiedTable,
        after old: CopiedTable?
    ) throws -> (load: LoadTable, rows: Int) {
        guard !copy.ownColumns.isEmpty else { return (load, 0) }
        let type = TargetType.time
        var statements: [String] = []
        if copy.ownColumns.contains(.deletedAt) { statements.append("ADD COLUMN \(StageTable.deletedAt) \(type.sql)") }
        if copy.ownColumns.contains(.syncedAt) {
            statements.append("ADD COLUMN \(StageTable.syncedAt) \(type.sql) DEFAULT pg_catalog.now()")
        }
        try session.execute("ALTER TABLE \(load.quoted) \(statements.joined(separator: ", "))")
        if copy.ownColumns.contains(.syncedAt) {
            try session.execute("ALTER TABLE \(load.quoted) ALTER COLUMN \(StageTable.syncedAt) DROP DEFAULT")
        }
        var rows = 0
        if let old, copy.ownColumns.contains(.deletedAt) { rows = try carryOver(from: old, to: load, for: copy) }
        var schema = load.table.schema
        let names = copy.ownColumns.names
        schema.columns += names.map { ColumnSchema(name: $0, type: .timestampTZ, nativeType: type.sql) }
        let types = load.table.types + names.map { _ in type }
        return (LoadTable(table: TargetTable(schema, target: load.table.target, types: types), name: load.name), rows)
    }

    /// Brings the rows that are marked in `old`, and those that are gone since, into what was loaded anew.
    private func carryOver(from old: CopiedTable, to load: LoadTable, for copy: CopiedTable) throws -> Int {
        let shape = try Reshaping.Shape(of: old.target, in: session)
        let (columns, key) = (load.table.schema.columns, load.table.schema.identity)
        let values = zip(columns, load.table.types).map { column, type -> String? in
            let name = old.formerName(of: column, in: copy)
            guard let present = shape.columns[name] else { return nil }
            if present == type.sql { return "old.\(SQL.identifier(name))" }
            return type.sql == "text" ? "old.\(SQL.identifier(name))::text" : nil
        }
        guard key.allSatisfy({ values[$0] != nil }) else { return 0 }
        let isSame = key.map { "new.\(SQL.identifier(columns[$0].name)) = \(values[$0] ?? "NULL")" }
        // Of rows without a key nobody can say which of them are gone.
        let isKept =
            key.isEmpty
            ? "old.\(StageTable.deletedAt) IS NOT NULL"
            : "NOT EXISTS (SELECT FROM \(load.quoted) new WHERE \(isSame.joined(separator: " AND ")))"
        let keepsTime = copy.ownColumns.contains(.syncedAt) && old.ownColumns.contains(.syncedAt)
        let time = keepsTime ? [StageTable.syncedAt] : []
        let names = columns.map { SQL.identifier($0.name) } + [StageTable.deletedAt] + time
        let marks = ["coalesce(old.\(StageTable.deletedAt), pg_catalog.to_timestamp(\(copy.moment.time)))"]
        let kept = values.map { $0 ?? "NULL" } + marks + time.map { "old.\($0)" }
        let statement = """
            WITH kept AS (
              INSERT INTO \(load.quoted) (\(names.joined(separator: ", "))) SELECT \(kept.joined(separator: ", "))
              FROM ONLY \(SQL.name(old.target)) old WHERE \(isKept) RETURNING 1
            ) SELECT count(*) FROM kept
            """
        return try session.query(statement).value.flatMap { Int($0) } ?? 0
    }
}
