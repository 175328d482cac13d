import TandemCore
import TandemRows

extension RecordTable {
    /// Looks up how records of `shape` are read and written now. Inside a transaction.
    ///
    /// - Throws: ``PostgresError/tableChanged(_:_:what:)`` where it has a column of the shape no more, or of another
    ///   type.
    init(_ shape: RecordShape, _ session: Session) throws {
        func changed(_ what: String) -> PostgresError { .tableChanged(session.endpoint, shape.table, what: what) }
        let version = session.capabilities.version
        guard let facts = try session.query(Self.tableQuestion, [shape.id.description]).rows.first,
            let schema = facts[0], let table = facts[1]
        else { throw changed("it is not there any more") }
        let types = try CatalogReader(session).types()
        let columns = try session.query(Self.columnQuestion, [shape.id.description]).rows
        func column(_ wanted: ColumnSchema) throws -> RecordColumn {
            guard let row = columns.first(where: { $0[0] == wanted.id.description }), let name = row[1],
                let oid = row[2].flatMap({ UInt32($0) }), let modifier = row[3].flatMap({ Int32($0) }),
                let type = row[4]
            else { throw changed("it has no column \"\(wanted.name)\"") }
            guard let reading = types.native(oid, modifier: modifier).reading(as: wanted.type) else {
                throw changed("its column \"\(wanted.name)\" is of another type")
            }
            var schema = wanted
            schema.name = name
            let quoted = SQL.identifier(name)
            return RecordColumn(
                schema: schema,
                name: quoted,
                reading: reading,
                type: type,
                bound: BoundType(wanted.type)
            )
        }
        var constraints: [String: [ColumnID]] = [:]
        for row in try session.query(Self.constraintQuestion, [shape.id.description]).rows {
            guard let name = row[0], let list = row[1] else { continue }
            constraints[name] = list.split(separator: " ").map { ColumnID(String($0)) }
        }
        self.init(
            shape: shape,
            name: SQL.name(TableName(schema: schema, table: table)),
            bareName: SQL.identifier(table),
            key: try shape.key.map(column),
            fields: try shape.fields.map(column),
            isRewritten: facts[2] == "t",
            isPartitioned: facts[4] == "t",
            constraints: constraints,
            canMerge: version >= 170_000,
            tellsTimes: facts[3] == "on",
            checksUTF8: !session.capabilities.sendsValidUTF8
        )
        answerTypes = try session.describe("SELECT \(RecordStatements(self).answer(isRead: true)) FROM \(name)").types
    }

    /// What makes Tandem's own triggers is in its schema, and changes no row of the table.
    private static let tableQuestion = """
        SELECT n.nspname, c.relname,
          EXISTS (
            SELECT FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
              JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
            WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 66 = 0
              AND s.nspname <> '\(TriggerNames.schema)'),
          pg_catalog.current_setting('track_commit_timestamp'), c.relkind = 'p'
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = $1::pg_catalog.oid
        """

    /// Types without their lengths, of domains what they are made of.
    private static let columnQuestion = """
        SELECT a.attnum, a.attname, a.atttypid, a.atttypmod, (
          WITH RECURSIVE b(oid, base) AS (
            SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
            UNION ALL SELECT t.oid, t.typbasetype FROM b JOIN pg_catalog.pg_type t ON t.oid = b.base)
          SELECT pg_catalog.format_type(b.oid, -1) FROM b WHERE b.base = 0)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped
        """

    private static let constraintQuestion = """
        SELECT k.conname, pg_catalog.array_to_string(k.conkey, ' ') FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = $1::pg_catalog.oid AND k.conkey IS NOT NULL
        UNION
        SELECT x.relname, i.indkey::pg_catalog.text FROM pg_catalog.pg_index i
          JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = $1::pg_catalog.oid AND i.indisunique
        """
}
