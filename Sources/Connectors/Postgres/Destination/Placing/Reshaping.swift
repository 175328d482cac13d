import TandemCore
import TandemRows

/// How a table that stays gets the columns of the one that was loaded beside it.
struct Reshaping {
    /// To be run before rows are changed.
    private(set) var statements: [String] = []
    /// To be run after.
    private(set) var afterwards: [String] = []
    /// Whether rows can be matched by the key, which both tables have.
    private(set) var canMerge = false

    /// What a table is, as far as it matters here.
    struct Shape {
        /// Types by `format_type`, by column.
        var columns: [String: String] = [:]
        var keyName: String?
        var key: [String] = []

        init(of table: TableName, in session: Session) throws {
            let name = SQL.name(table)
            let question = """
                SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped
                """
            for row in try session.query(question, [name]).rows { columns[row[0] ?? ""] = row[1] ?? "" }
            let keys = """
                SELECT k.conname, a.attname
                FROM pg_catalog.pg_constraint k, unnest(k.conkey) WITH ORDINALITY AS u(number, place),
                  pg_catalog.pg_attribute a
                WHERE k.conrelid = $1::pg_catalog.regclass AND k.contype = 'p' AND a.attrelid = k.conrelid
                  AND a.attnum = u.number
                ORDER BY u.place
                """
            for row in try session.query(keys, [name]).rows {
                keyName = row[0]
                key.append(row[1] ?? "")
            }
        }
    }

    init(_ load: StagingTable, earlier: SyncedTable?, in session: Session) throws {
        let target = load.table.target
        var old = try Shape(of: target, in: session)
        let new = try Shape(of: load.name, in: session)
        let table = "ALTER TABLE \(SQL.name(target))"
        let schema = load.table.schema
        // Columns are known by their ids at the source, where both copies are of one table.
        let known = earlier.map { $0.schema.id == schema.id ? $0.schema.columns : [] } ?? []
        for column in schema.columns where old.columns[column.name] == nil {
            guard let former = known.first(where: { $0.id == column.id })?.name, let type = old.columns[former],
                !schema.columns.contains(where: { $0.name == former })
            else { continue }
            statements.append("\(table) RENAME COLUMN \(SQL.identifier(former)) TO \(SQL.identifier(column.name))")
            old.columns[former] = nil
            old.columns[column.name] = type
            old.key = old.key.map { $0 == former ? column.name : $0 }
        }
        let retyped = schema.columns.map(\.name).filter { name in
            old.columns[name].map { $0 != new.columns[name] } ?? false
        }
        canMerge = !new.key.isEmpty && old.key == new.key && !old.key.contains(where: retyped.contains)
        if !canMerge, let keyName = old.keyName {
            statements.append("\(table) DROP CONSTRAINT \(SQL.identifier(keyName))")
        }
        // What users added themselves stays.
        let ours = Set(earlier?.columnNames ?? [])
        let wanted = Set(schema.columns.map(\.name))
        let gone = old.columns.keys.sorted().filter { ours.contains($0) && !wanted.contains($0) }
        if !gone.isEmpty || !retyped.isEmpty { try Self.refuseHeirs(of: target, in: session) }
        for name in gone {
            statements.append("\(table) DROP COLUMN \(SQL.identifier(name))")
        }
        for column in schema.columns {
            let name = SQL.identifier(column.name)
            let type = new.columns[column.name] ?? "text"
            if old.columns[column.name] == nil {
                statements.append("\(table) ADD COLUMN \(name) \(type)")
            } else if retyped.contains(column.name) {
                // Every row gets its value anew.
                statements.append("\(table) ALTER COLUMN \(name) TYPE \(type) USING NULL::\(type)")
            }
        }
        if !canMerge, !new.key.isEmpty { afterwards.append("\(table) ADD PRIMARY KEY (\(load.table.keyList))") }
    }

    /// What a user's tables inherit would be emptied in them too.
    private static func refuseHeirs(of target: TableName, in session: Session) throws {
        let question = """
            SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, i.inhrelid, 0)
            FROM pg_catalog.pg_inherits i WHERE i.inhparent = $1::pg_catalog.regclass ORDER BY 1
            """
        let heirs = try session.query(question, [SQL.name(target)]).rows.compactMap { $0.first.flatMap(\.self) }
        guard !heirs.isEmpty else { return }
        let reason = "what they inherit from it would be emptied in them too"
        throw TargetError(
            target,
            PostgresError.destination(session.endpoint, .held(target, by: heirs, reason: reason))
        )
    }
}
