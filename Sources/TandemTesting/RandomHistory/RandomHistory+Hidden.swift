/// Statements after which rows show other values, or changes are missing, and no change says so; and harmless ones that
/// look alike in the catalog.
extension RandomHistory {
    /// Makes the types that histories have in common, where they are missing.
    static let types = """
        DO $$ BEGIN CREATE TYPE public.history_state AS ENUM ('first', 'second', 'third');
          CREATE TYPE public.history_pair AS (n int, s text); CREATE DOMAIN public.history_limited AS varchar(20);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
        """

    mutating func hiddenEvolution(of number: Int) -> [String] {
        switch text.pick(28) {
        case 0..<8: return replaceValues(of: number)
        case 8..<12: return [renameLabel()]
        case 12: return ["ALTER TYPE public.history_pair ADD ATTRIBUTE a\(nextNumber()) int"]
        case 13..<18: return harmless(number)
        case 18..<23: return visit(number)
        default: return loseTrack(of: number)
        }
    }

    private mutating func replaceValues(of number: Int) -> [String] {
        let table = tables[number]
        let candidates = table.columns.filter { $0.role == .value && $0.kind.others(than: "") != nil }
        guard let column = text.pick(of: candidates) else { return rowStatements(for: number) }
        let name = SQLText.quoted(column.name)
        let others = column.kind.others(than: name) ?? name
        return ["ALTER TABLE \(table.sql) ALTER COLUMN \(name) TYPE \(column.kind.type) USING \(others)"]
    }

    /// What the label is called depends on what was rolled back.
    private mutating func renameLabel() -> String {
        """
        DO $$ BEGIN EXECUTE format('ALTER TYPE public.history_state RENAME VALUE %L TO %L',
          (enum_range(NULL::public.history_state))[\(text.pick(1...3))], 'label \(nextNumber())'); END $$
        """
    }

    private mutating func harmless(_ number: Int) -> [String] {
        let table = tables[number]
        guard let column = text.pick(of: table.columns) else { return [] }
        let name = SQLText.quoted(column.name)
        let statements = [
            "GRANT SELECT (\(name)) ON \(table.sql) TO PUBLIC", "GRANT SELECT ON \(table.sql) TO PUBLIC",
            "ALTER TABLE \(table.sql) ALTER COLUMN \(name) SET STATISTICS \(text.pick(100...200))",
            "ANALYZE \(table.sql)", cluster(table), "COMMENT ON TABLE \(table.sql) IS 'comment \(text.pick(9))'",
        ]
        return text.pick(of: statements).map { [$0] } ?? []
    }

    /// Writes the table anew, if it has a key.
    private func cluster(_ table: HistoryTable) -> String {
        """
        DO $$ DECLARE key name; BEGIN
          SELECT c.relname INTO key FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
          WHERE i.indrelid = \(SQLText.literal(table.sql))::regclass AND i.indisprimary AND t.relkind = 'r';
          IF key IS NOT NULL THEN EXECUTE format('CLUSTER %s USING %I', \(SQLText.literal(table.sql)), key); END IF; END $$
        """
    }

    /// For a while the table is a part of another one, and written to under that one's name.
    private mutating func visit(_ number: Int) -> [String] {
        let table = tables[number]
        guard isInTransaction, table.regions.isEmpty, table.identity != .nothing, let key = table.keys.first else {
            return rowStatements(for: number)
        }
        var root = table
        root.name = "root \(nextNumber())"
        let condition = "\(SQLText.quoted(key.name)) = \(key.kind.key("\(text.number())"))"
        var body = ["DELETE FROM \(root.sql) WHERE \(condition)"]
        if let column = text.pick(of: table.values.map { table.columns[$0] }) {
            body.append("UPDATE \(root.sql) SET \(SQLText.quoted(column.name)) = \(text.value(column))")
        }
        return [
            "CREATE TABLE \(root.sql) (LIKE \(table.sql)) PARTITION BY HASH (\(SQLText.quoted(key.name)))",
            "ALTER TABLE \(root.sql) ATTACH PARTITION \(table.sql) FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        ] + body + ["ALTER TABLE \(root.sql) DETACH PARTITION \(table.sql)", "DROP TABLE \(root.sql)"]
    }

    private mutating func loseTrack(of number: Int) -> [String] {
        let table = tables[number]
        guard options.losesTrack, isInTransaction, table.regions.isEmpty, table.identity == .primaryKey else {
            return rowStatements(for: number)
        }
        let rows = (0...text.pick(3)).flatMap { _ in rowStatements(for: number) }
        // What is not logged may not refer to what is, nor the other way round.
        if number > 0, !table.columns.contains(where: { $0.role == .reference }), text.chance(0.5) {
            return ["ALTER TABLE \(table.sql) SET UNLOGGED"] + rows + ["ALTER TABLE \(table.sql) SET LOGGED"]
        }
        return ["ALTER TABLE \(table.sql) REPLICA IDENTITY NOTHING"] + rows
            + ["ALTER TABLE \(table.sql) REPLICA IDENTITY DEFAULT"]
    }
}
