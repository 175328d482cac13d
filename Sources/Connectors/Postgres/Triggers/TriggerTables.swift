import TandemCore
import TandemRows

/// Finds out what has to be known of tables before triggers are made on them.
struct TriggerTables {
    private let session: Session

    init(_ session: Session) { self.session = session }

    /// Those of `relations` that have a key, in no order.
    ///
    /// - Parameter types: What the types are, where that has been asked for.
    /// - Throws: ``PostgresError``.
    func read(_ relations: [UInt32], types: TypeMap? = nil) throws -> [TriggerTable] {
        guard session.isInTransaction else {
            return try session.transaction(.snapshot) { try read(relations, types: types) }
        }
        guard !relations.isEmpty else { return [] }
        do {
            let tables = try CatalogReader(session).tables(only: relations, types: types, withDefinitions: false)
            let columns = try keyColumns(relations)
            let indexes = try indexes(relations)
            let traits = try traits(relations)
            return tables.compactMap { table -> TriggerTable? in
                guard let traits = traits[table.oid] else { return nil }
                let numbers = table.identity.map { table.columns[$0].number }
                let index = indexes[table.oid]?.first { $0.columns == numbers }?.index
                guard let index, !numbers.isEmpty else { return nil }
                let key = numbers.compactMap { number in columns[table.oid]?.first { $0.number == number } }
                // The log has arrays of keys, and there are none of arrays.
                guard key.count == numbers.count, !key.contains(where: \.isArray) else { return nil }
                return TriggerTable(
                    relation: table.oid,
                    name: table.name,
                    key: key,
                    keyIndex: index,
                    isPartitioned: table.kind == .partitionedTable,
                    parts: table.parts.map { TriggerTable.Part(number: $0.id.oid, name: $0.name) },
                    isByRow: !session.capabilities.hasTransitionTables || table.kind == .partitionedTable
                        || traits.isInTree,
                    isFed: traits.isFed,
                    isOwner: traits.isOwner,
                    isIndexUnsure: session.capabilities.version < 100_000
                )
            }
        } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
        }
    }

    private typealias Traits = (isOwner: Bool, isInTree: Bool, isFed: Bool)

    /// What decides how changes can be seen: a statement on a parent is none on its children, and what a subscription
    /// brings fires those triggers only that a table's owner has enabled for it.
    private func traits(_ relations: [UInt32]) throws -> [UInt32: Traits] {
        let subscribed =
            session.capabilities.hasPublications
            ? "EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid)" : "false"
        let question = """
            SELECT c.oid, pg_catalog.pg_has_role(c.relowner, 'USAGE'), EXISTS (
                SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid), \(subscribed)
            FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::pg_catalog.oid[])
            """
        let rows = try session.query(question, [list(relations)]).rows.map { cells -> (UInt32, Traits) in
            var row = ResultRow(cells)
            let relation: UInt32 = try row.number()
            return (relation, (try row.flag(), try row.flag(), try row.flag()))
        }
        return Dictionary(rows) { first, _ in first }
    }

    private func indexes(_ relations: [UInt32]) throws -> [UInt32: [(index: UInt32, columns: [Int])]] {
        let count = session.capabilities.version >= 110_000 ? "i.indnkeyatts" : "i.indnatts"
        let question = """
            SELECT i.indrelid, i.indexrelid, \(count), i.indkey
            FROM pg_catalog.pg_index i
            WHERE i.indrelid = ANY ($1::pg_catalog.oid[]) AND i.indisunique AND i.indisvalid
              AND i.indpred IS NULL AND i.indexprs IS NULL
            ORDER BY i.indisprimary DESC, i.indexrelid
            """
        let rows = try session.query(question, [list(relations)]).rows.map { cells in
            var row = ResultRow(cells)
            let relation: UInt32 = try row.number()
            let index: UInt32 = try row.number()
            let count: Int = try row.number()
            let columns = try row.text().split(separator: " ").prefix(count).compactMap { Int($0) }
            return (relation: relation, index: index, columns: columns)
        }
        return Dictionary(grouping: rows, by: \.relation).mapValues { $0.map { ($0.index, $0.columns) } }
    }

    private func keyColumns(_ relations: [UInt32]) throws -> [UInt32: [TriggerTable.KeyColumn]] {
        let rows = try session.query(Self.columns, [list(relations)]).rows.map { cells in
            var row = ResultRow(cells)
            let relation: UInt32 = try row.number()
            let column = TriggerTable.KeyColumn(
                number: try row.number(),
                name: try row.text(),
                quotedName: try row.text(),
                type: try row.number(),
                logType: try row.text(),
                baseType: try row.optional()
            )
            return (relation: relation, column: column)
        }
        return Dictionary(grouping: rows, by: \.relation).mapValues { $0.map(\.column) }
    }

    /// OFFSET, because the server would look through all types, of which each table has made some.
    private static let columns = """
        WITH RECURSIVE base(relation, number, name, declared, type) AS (
          SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypid
          FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped
          UNION ALL
          SELECT b.relation, b.number, b.name, b.declared, t.typbasetype
          FROM base b CROSS JOIN LATERAL (
            SELECT t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = b.type AND t.typtype = 'd' OFFSET 0) t
        )
        SELECT b.relation, b.number, b.name, pg_catalog.quote_ident(b.name), b.declared,
          pg_catalog.format_type(b.type, -1), CASE WHEN b.type <> b.declared
            THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) END
        FROM base b CROSS JOIN LATERAL (
            SELECT t.typname, t.typnamespace FROM pg_catalog.pg_type t WHERE t.oid = b.type AND t.typtype <> 'd' OFFSET 0) t
          JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        """

    private func list(_ relations: [UInt32]) -> String { "{" + relations.map(String.init).joined(separator: ",") + "}" }
}

extension TriggerTable.KeyColumn {
    fileprivate var isArray: Bool { logType.hasSuffix("[]") }
}

extension ServerCapabilities {
    /// Statement-level triggers see which rows a statement has changed.
    var hasTransitionTables: Bool { version >= 100_000 }
}
