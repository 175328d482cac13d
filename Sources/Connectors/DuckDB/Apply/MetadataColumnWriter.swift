import TandemCore
import TandemRows

/// Adds columns of Tandem's own to a table, and takes them from it, in an open transaction.
struct MetadataColumnWriter {
    let table: TableName
    let session: Session
    /// Tells what is lost of rows that are marked.
    var notify: @Sendable (String) -> Void = { _ in }

    private static let deletedAt = SQL.identifier(MetadataColumns.deletedAtName)
    private static let syncedAt = SQL.identifier(MetadataColumns.syncedAtName)

    /// Gives a table that is there these columns and no others. New ones are null, and rows that are marked go with
    /// their mark.
    ///
    /// - Returns: How many rows went.
    func set(_ columns: MetadataColumns) throws -> Int {
        let present = MetadataColumns(names: try WarehouseCatalog(session).columns(of: table)?.map(\.name) ?? [])
        var removed = 0
        for name in columns.subtracting(present).names { try alter("ADD COLUMN \(SQL.identifier(name)) TIMESTAMPTZ") }
        if columns.contains(.syncedAt) { try alter("ALTER COLUMN \(Self.syncedAt) SET DEFAULT now()") }
        let gone = present.subtracting(columns)
        if gone.contains(.deletedAt) {
            let delete = "DELETE FROM \(session.quoted(table)) WHERE \(Self.deletedAt) IS NOT NULL"
            removed = try session.run(delete, [], to: "remove marked rows of \(table)")
        }
        for name in gone.names { try alter("DROP COLUMN \(SQL.identifier(name))") }
        return removed
    }

    /// Gives a table that was just loaded these columns.
    func add(_ columns: MetadataColumns) throws {
        if columns.contains(.deletedAt) { try alter("ADD COLUMN \(Self.deletedAt) TIMESTAMPTZ") }
        if columns.contains(.syncedAt) { try alter("ADD COLUMN \(Self.syncedAt) TIMESTAMPTZ DEFAULT now()") }
    }

    private func alter(_ change: String) throws {
        try session.run("ALTER TABLE \(session.quoted(table)) \(change)", to: "change the shape of \(table)")
    }

    /// Brings the rows that are marked in `old`, and those that are gone since, into a table that was loaded anew.
    ///
    /// - Returns: How many there were.
    func carryOver(from old: SyncedTable, to copy: SyncedTable) throws -> Int {
        let present = try WarehouseCatalog(session).columns(of: old.target) ?? []
        let former = copy.schema.columns.map { column in
            let name = SQL.folding.fold(old.formerName(of: column, in: copy))
            return present.first { SQL.folding.fold($0.name) == name }
        }
        let sources = former.map { $0.map { SQL.identifier($0.name) } }
        let key = copy.schema.identity
        guard key.allSatisfy({ sources[$0] != nil }) else { return 0 }
        let values = zip(copy.schema.columns, sources).map { column, source in
            source.map { "TRY_CAST(old.\($0) AS \(column.type.sql))" } ?? "NULL"
        }
        // A key that cannot be said in the new type has no place in the table.
        let hasKey = key.compactMap { index in
            sources[index].map { "(\(values[index]) IS NOT NULL OR old.\($0) IS NULL)" }
        }
        let isSame = key.map { index in
            let column = copy.schema.columns[index]
            return "\(column.keyed("new.\(SQL.identifier(column.name))")) = \(column.keyed(values[index]))"
        }
        // Of rows without a key nobody can say which of them are gone.
        let isGone =
            key.isEmpty
            ? "old.\(Self.deletedAt) IS NOT NULL"
            : "NOT EXISTS (SELECT 1 FROM \(session.quoted(table)) AS new WHERE \(isSame.joined(separator: " AND ")))"
        // Where no type is another one, there is nothing to be lost, and no need to look for it.
        let retyped = copy.schema.columns.indices.filter { former[$0].map(\.type) != copy.schema.columns[$0].type.sql }
        try tell(retyped.compactMap { index in sources[index].map { ($0, values[index]) } }, of: old, isGone, copy)
        let isKept = ([isGone] + hasKey).joined(separator: " AND ")
        let keepsTime = copy.metadataColumns.contains(.syncedAt) && old.metadataColumns.contains(.syncedAt)
        let time = keepsTime ? [Self.syncedAt] : []
        let names = copy.schema.columns.map { SQL.identifier($0.name) } + [Self.deletedAt] + time
        let marks = ["coalesce(old.\(Self.deletedAt), to_timestamp(\(copy.moment.time)))"]
        return try session.run(
            """
            INSERT INTO \(session.quoted(table)) (\(names.joined(separator: ", ")))
            SELECT \((values + marks + time.map { "old.\($0)" }).joined(separator: ", "))
            FROM \(session.quoted(old.target)) AS old WHERE \(isKept)
            """,
            [],
            to: "keep the marked rows of \(copy.target)"
        )
    }

    /// Tells of values that are not to be had in the types that their columns have by now.
    private func tell(
        _ values: [(column: String, cast: String)],
        of old: SyncedTable,
        _ isGone: String,
        _ copy: SyncedTable
    ) throws {
        let counts = values.map { "(count(old.\($0.column)) - count(\($0.cast)))::VARCHAR" }
        guard !counts.isEmpty else { return }
        let sql = "SELECT \(counts.joined(separator: ", ")) FROM \(session.quoted(old.target)) AS old WHERE \(isGone)"
        let found = try session.texts(sql, to: "look at the marked rows of \(copy.target)").first ?? []
        let lost = zip(values, found).compactMap { value, count in
            count.flatMap { $0 == "0" ? nil : "\(value.column) (\($0))" }
        }
        guard !lost.isEmpty else { return }
        notify(copy.lostMarks(lost))
    }
}
