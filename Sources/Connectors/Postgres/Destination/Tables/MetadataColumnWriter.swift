import TandemCore
import TandemRows

/// Adds columns of Tandem's own to tables, and takes them from them, in an open transaction.
struct MetadataColumnWriter {
    let session: Session
    /// Tells what is lost of rows that are marked.
    var notify: @Sendable (String) -> Void = { _ in }

    /// Gives a table that is there these columns and no others. New ones are null, and rows that are marked go with
    /// their mark.
    func set(_ columns: MetadataColumns, of table: TableName) throws {
        let present = MetadataColumns(names: try Reshaping.Shape(of: table, in: session).columns.keys)
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
        _ load: StagingTable,
        for copy: SyncedTable,
        after old: SyncedTable?
    ) throws -> (load: StagingTable, rows: Int) {
        guard !copy.metadataColumns.isEmpty else { return (load, 0) }
        let type = TargetType.time
        var statements: [String] = []
        if copy.metadataColumns.contains(.deletedAt) {
            statements.append("ADD COLUMN \(StageTable.deletedAt) \(type.sql)")
        }
        if copy.metadataColumns.contains(.syncedAt) {
            statements.append("ADD COLUMN \(StageTable.syncedAt) \(type.sql) DEFAULT pg_catalog.now()")
        }
        try session.execute("ALTER TABLE \(load.quoted) \(statements.joined(separator: ", "))")
        if copy.metadataColumns.contains(.syncedAt) {
            try session.execute("ALTER TABLE \(load.quoted) ALTER COLUMN \(StageTable.syncedAt) DROP DEFAULT")
        }
        var rows = 0
        if let old, copy.metadataColumns.contains(.deletedAt) { rows = try carryOver(from: old, to: load, for: copy) }
        var schema = load.table.schema
        let names = copy.metadataColumns.names
        schema.columns += names.map { ColumnSchema(name: $0, type: .timestampTZ, nativeType: type.sql) }
        let types = load.table.types + names.map { _ in type }
        return (
            StagingTable(table: TargetTable(schema, target: load.table.target, types: types), name: load.name), rows
        )
    }

    /// Brings the rows that are marked in `old`, and those that are gone since, into what was loaded anew.
    private func carryOver(from old: SyncedTable, to load: StagingTable, for copy: SyncedTable) throws -> Int {
        let shape = try Reshaping.Shape(of: old.target, in: session)
        let (columns, key) = (load.table.schema.columns, load.table.schema.identity)
        let casts = zip(columns, load.table.types).map { column, type in
            let name = old.formerName(of: column, in: copy)
            return shape.columns[name].map { MarkedValue(SQL.identifier(name), of: $0, as: type.sql) }
        }
        guard key.allSatisfy({ casts[$0] != nil }) else { return 0 }
        let source = "FROM ONLY \(SQL.name(old.target)) old"
        var lost: [String] = []
        func expression(_ index: Int, where condition: String) throws -> String {
            guard let value = casts[index] else { return "NULL" }
            let found = try value.fit(source, where: condition, in: session)
            if found.lost > 0 { lost.append("\(columns[index].name) (\(found.lost))") }
            return found.expression
        }
        var values = [String](repeating: "NULL", count: columns.count)
        for index in key { values[index] = try expression(index, where: "true") }
        let isSame = key.map { "new.\(SQL.identifier(columns[$0].name)) = \(values[$0])" }
        // A key that cannot be said in the new type has no place in the table.
        let hasKey = key.compactMap { index in
            casts[index].map { "(\(values[index]) IS NOT NULL OR old.\($0.column) IS NULL)" }
        }
        // Of rows without a key nobody can say which of them are gone.
        let isGone =
            key.isEmpty
            ? "old.\(StageTable.deletedAt) IS NOT NULL"
            : "NOT EXISTS (SELECT FROM \(load.quoted) new WHERE \(isSame.joined(separator: " AND ")))"
        let isKept = ([isGone] + hasKey).joined(separator: " AND ")
        for index in columns.indices where !key.contains(index) {
            values[index] = try expression(index, where: isKept)
        }
        if !lost.isEmpty { notify(copy.lostMarks(lost)) }
        let keepsTime = copy.metadataColumns.contains(.syncedAt) && old.metadataColumns.contains(.syncedAt)
        let time = keepsTime ? [StageTable.syncedAt] : []
        let names = columns.map { SQL.identifier($0.name) } + [StageTable.deletedAt] + time
        let marks = ["coalesce(old.\(StageTable.deletedAt), pg_catalog.to_timestamp(\(copy.moment.time)))"]
        let kept = values + marks + time.map { "old.\($0)" }
        let statement = """
            WITH kept AS (
              INSERT INTO \(load.quoted) (\(names.joined(separator: ", "))) SELECT \(kept.joined(separator: ", "))
              \(source) WHERE \(isKept) RETURNING 1
            ) SELECT count(*) FROM kept
            """
        return try session.query(statement).value.flatMap { Int($0) } ?? 0
    }
}

/// A column of rows that are marked as deleted, in the type that it is to have by now.
private struct MarkedValue {
    /// As SQL names it.
    let column: String
    /// From the one that keeps most to the one that keeps least.
    private let expressions: [String]

    init(_ column: String, of former: String, as type: String) {
        self.column = column
        let value = "old.\(column)"
        let text = "\(value)::pg_catalog.text"
        guard former != type else {
            expressions = [value]
            return
        }
        // A cast to a type with a length cuts off what is longer.
        let isShortening = type.hasPrefix("character") || type.hasPrefix("bit")
        expressions =
            ["\(value)::\(type)", "\(text)::\(type)"].map { cast in
                isShortening ? "CASE WHEN \(cast)::pg_catalog.text = \(text) THEN \(cast) END" : cast
            } + ["CASE WHEN pg_catalog.pg_input_is_valid(\(text), \(SQL.literal(type))) THEN \(text)::\(type) END"]
    }

    /// The first expression that the server can work out for these rows, and of how many it makes nothing.
    func fit(_ source: String, where condition: String, in session: Session) throws -> (expression: String, lost: Int) {
        guard expressions.count > 1 else { return (expressions[0], 0) }
        for expression in expressions + ["NULL"] {
            try session.execute("SAVEPOINT tandem_value")
            do {
                let sql = "SELECT count(old.\(column)) - count(\(expression)) \(source) WHERE \(condition)"
                let lost = try session.query(sql).value.flatMap { Int($0) } ?? 0
                try session.execute("RELEASE SAVEPOINT tandem_value")
                return (expression, lost)
            } catch let error as PostgresError where session.isOpen && error.isAboutValues {
                try session.execute("ROLLBACK TO SAVEPOINT tandem_value")
            }
        }
        return ("NULL", 0)
    }
}

extension PostgresError {
    /// Whether a value cannot be had in a type: it does not fit, there is no such cast, or no such function to ask.
    fileprivate var isAboutValues: Bool {
        guard let sqlState else { return false }
        return sqlState.hasPrefix("22") || ["42846", "42804", "42883", "0A000"].contains(sqlState)
    }
}
