import TandemCore
import TandemRows

/// What kinds of records a database has: its tables, as far as they can be kept in step.
struct RecordDescription {
    let session: Session

    /// Inside a transaction that shows one moment.
    func types(_ catalog: [CatalogTable]) throws -> [RecordType] {
        let tables = try Dictionary(
            session.query(Self.tableQuestion).rows.map { try WritableTable($0) }.map { ($0.id, $0) }
        ) { first, _ in first }
        let columns = try Dictionary(
            grouping: session.query(Self.columnQuestion).rows.map(WritableColumn.init),
            by: \.table
        )
        let keys = try Dictionary(
            grouping: session.query(CatalogQueries(version: session.capabilities.version).keys, [nil]).rows
                .map { try KeyCandidate($0) },
            by: { TableID($0.table) }
        )
        let references = try session.query(Self.referenceQuestion).rows.map(SingleReference.init)
        let identities = Dictionary(
            catalog.map { table in (table.schema.id, table.schema.identity.map { table.schema.columns[$0].id }) }
        ) { first, _ in first }
        return catalog.map { table in
            let id = table.schema.id
            return type(
                of: table,
                tables[id],
                columns[id] ?? [],
                keys[id] ?? [],
                references.filter { $0.table == id && identities[$0.target] == [$0.targetColumn] }
            )
        }
    }

    private func type(
        of table: CatalogTable,
        _ facts: WritableTable?,
        _ columns: [WritableColumn],
        _ keys: [KeyCandidate],
        _ references: [SingleReference]
    ) -> RecordType {
        let schema = table.schema
        let rules = WritingRules(table: table, facts: facts, keys: keys, user: session.endpoint.user)
        let fields = schema.columns.map { column in
            let facts = columns.first { $0.id == column.id }
            return RecordType.Field(
                column: column,
                readOnly: facts?.readOnly(for: session.endpoint.user),
                isRequired: facts?.isRequired ?? false,
                isMade: facts?.isMade ?? false,
                references: references.first { $0.column == column.id }?.target
            )
        }
        let unique = keys.map { key in
            key.columns.compactMap { number in schema.columns.firstIndex { $0.id == ColumnID(number) } }
        }
        let counts = keys.map(\.columns.count)
        return RecordType(
            name: schema.name,
            id: schema.id,
            key: schema.identity,
            fields: fields,
            unique: zip(unique, counts).filter { $0.count == $1 && $0 != schema.identity }.map(\.0),
            obstacle: rules.obstacle,
            method: rules.method
        )
    }

    private static let tableQuestion = """
        SELECT c.oid, pg_catalog.has_table_privilege(c.oid, 'SELECT'),
          pg_catalog.has_any_column_privilege(c.oid, 'INSERT'), pg_catalog.has_any_column_privilege(c.oid, 'UPDATE'),
          pg_catalog.has_table_privilege(c.oid, 'DELETE'), pg_catalog.row_security_active(c.oid), c.relhasrules,
          c.relkind = 'r' AND EXISTS (
            SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid)
        FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p')
        """

    /// A default that a function without a memory of its own gives anew each time makes a value.
    private static let columnQuestion = """
        SELECT a.attrelid, a.attnum, a.attidentity, a.attgenerated, a.attnotnull, d.oid IS NOT NULL,
          EXISTS (
            SELECT FROM pg_catalog.pg_proc p WHERE p.provolatile = 'v' AND p.oid = ANY (ARRAY(
              SELECT f[1]::pg_catalog.oid FROM pg_catalog.regexp_matches(d.adbin::pg_catalog.text, ':funcid ([0-9]+)', 'g') AS f))),
          pg_catalog.has_column_privilege(c.oid, a.attnum, 'INSERT'),
          pg_catalog.has_column_privilege(c.oid, a.attnum, 'UPDATE')
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace
          AND a.attnum > 0 AND NOT a.attisdropped
        """

    private static let referenceQuestion = """
        SELECT k.conrelid, k.conkey[1], k.confrelid, k.confkey[1] FROM pg_catalog.pg_constraint k
        WHERE k.contype = 'f' AND pg_catalog.array_length(k.conkey, 1) = 1
        ORDER BY k.oid
        """
}
