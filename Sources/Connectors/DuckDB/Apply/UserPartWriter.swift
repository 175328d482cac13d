import TandemCore
import TandemRows

/// Gives a table that takes the place of another what users have made at that one.
struct UserPartWriter {
    let parts: UserParts.Parts
    let session: Session

    /// Adds their columns to what was loaded, with their values where a key tells the rows, and their comments. In an
    /// open transaction.
    ///
    /// - Parameter old: What is replaced.
    /// - Returns: What is to be said of it.
    func complete(_ load: TableName, for copy: SyncedTable, after old: TableName) throws -> [String] {
        let table = session.quoted(load)
        for column in parts.columns {
            let standard = column.standard.map { " DEFAULT \($0)" } ?? ""
            try alter(table, "ADD COLUMN \(SQL.identifier(column.name)) \(column.type)\(standard)", copy)
        }
        var notes: [String] = []
        if !parts.columns.isEmpty, try !carryOver(from: old, to: table, for: copy) {
            let names = parts.columns.map(\.name).joined(separator: ", ")
            notes.append(
                "\(copy.target): what \(names) held, which users added to it in the warehouse, is gone: without a key nobody can tell whose row it is."
            )
        }
        try comment(on: load, of: copy.columnNames + parts.columns.map(\.name))
        return notes
    }

    /// Gives a table with these columns their comments.
    func comment(on name: TableName, of columns: [String]) throws {
        let table = session.quoted(name)
        if parts.comment?.hasPrefix(WarehouseCatalog.mark) != true { try comment("TABLE \(table)", parts.comment) }
        let present = Set(columns.map(SQL.folding.fold))
        for (column, text) in parts.columnComments where present.contains(SQL.folding.fold(column)) {
            try comment("COLUMN \(table).\(SQL.identifier(column))", text)
        }
    }

    /// - Returns: Whether rows could be told apart.
    private func carryOver(from old: TableName, to table: String, for copy: SyncedTable) throws -> Bool {
        let key = copy.schema.identity.map { copy.schema.columns[$0] }
        let isOneTable = parts.schema.id == copy.schema.id
        let former = key.compactMap { column in
            parts.schema.columns.first {
                isOneTable
                    ? $0.id == column.id : SQL.folding.fold($0.name) == SQL.folding.fold(column.name)
            }
        }
        guard !key.isEmpty, former.count == key.count else { return false }
        let isSame = zip(key, former).map { column, former in
            let value = "TRY_CAST(old.\(SQL.identifier(former.name)) AS \(column.type.sql))"
            return "\(column.keyed("new.\(SQL.identifier(column.name))")) = \(column.keyed(value))"
        }
        let values = parts.columns.map { "\(SQL.identifier($0.name)) = old.\(SQL.identifier($0.name))" }
        try session.run(
            """
            UPDATE \(table) AS new SET \(values.joined(separator: ", ")) FROM \(session.quoted(old)) AS old
            WHERE \(isSame.joined(separator: " AND "))
            """,
            [],
            to: "keep columns that were added to \(copy.target)"
        )
        return true
    }

    /// Makes their indexes again, once the table is in place: each by itself, because one that cannot be made would
    /// undo all.
    ///
    /// - Returns: What is to be said of those that could not be made.
    func index(_ target: TableName) -> [String] {
        parts.indexes.compactMap { index in
            do {
                // Its expressions may call what lies in the file, which is in the search path for this alone.
                try session.run("USE \(session.quoted(schema: target.schema))", to: "make an index")
                defer { try? session.run("USE \(Self.home)", to: "make an index") }
                try session.run(index.statement(on: session.quoted(target)), to: "make an index")
                let name = session.quoted(TableName(schema: target.schema, table: index.name))
                if let text = index.comment { try comment("INDEX \(name)", text) }
                return nil
            } catch {
                return
                    "\(target): the index \(index.name), which users made in the warehouse, could not be made again when the table had been copied; make it anew: \(index.sql)"
            }
        }
    }

    /// Where DuckDB is when it was started without a file.
    private static let home = "memory.main"

    private func alter(_ table: String, _ change: String, _ copy: SyncedTable) throws {
        try session.run("ALTER TABLE \(table) \(change)", to: "keep columns that were added to \(copy.target)")
    }

    private func comment(_ object: String, _ text: String?) throws {
        try session.run("COMMENT ON \(object) IS \(text.map(SQL.literal) ?? "NULL")", to: "keep the comments of users")
    }
}
