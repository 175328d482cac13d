import TandemRows

/// What a name stands for in the database that is written to.
struct Relation: Sendable {
    var oid: UInt32
    /// `pg_class.relkind`, and `T` for a type that is no relation's.
    var kind: String
    /// Whether this program made it.
    var isOurs: Bool
    /// The table whose primary key this index is.
    var keyed: TableName?
}

/// What some names stand for, asked for in one go.
///
/// A table is ours by its comment, or as the one that `tandem.tables` names with its OID: users may give it another
/// comment, and a dump gives it another OID.
struct Relations: Sendable {
    private var known: [TableName: Relation] = [:]

    init(_ names: [TableName], in session: Session) throws {
        let question = """
            SELECT n.nspname, w.table_name, coalesce(c.oid, y.oid), coalesce(c.relkind, 'T'), coalesce(o.oid, c.oid, y.oid),
              coalesce(pg_catalog.obj_description(coalesce(o.oid, c.oid), 'pg_class') LIKE $3 || '%', false), o.relname
            FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS w(schema_name, table_name)
              JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema_name
              LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
              LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid AND i.indisprimary
              LEFT JOIN pg_catalog.pg_class o ON o.oid = i.indrelid
              LEFT JOIN pg_catalog.pg_type y ON y.typnamespace = n.oid AND y.typname = w.table_name AND c.oid IS NULL
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = y.oid)
            WHERE c.oid IS NOT NULL OR y.oid IS NOT NULL
            """
        let parameters = [SQL.array(names.map(\.schema)), SQL.array(names.map(\.table)), Metadata.mark]
        var owners: [TableName: (oid: UInt32, name: TableName)] = [:]
        for cells in try session.query(question, parameters).rows {
            do {
                var row = ResultRow(cells)
                let name = TableName(schema: try row.text(), table: try row.text())
                var relation = Relation(oid: try row.number(), kind: try row.text(), isOurs: false)
                let owner = try row.number(UInt32.self)
                relation.isOurs = try row.flag()
                relation.keyed = try row.optional().map { TableName(schema: name.schema, table: $0) }
                known[name] = relation
                if !relation.isOurs, relation.kind == "r" || relation.keyed != nil {
                    owners[name] = (owner, relation.keyed ?? name)
                }
            } catch is UnreadableCell {
                throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
            }
        }
        guard !owners.isEmpty else { return }
        let remembered = try Metadata(session).relations(of: owners.values.map(\.name))
        for (name, owner) in owners where remembered[owner.name] == owner.oid { known[name]?.isOurs = true }
    }

    subscript(name: TableName) -> Relation? { known[name] }

    /// Notes that a table was renamed.
    mutating func move(_ old: TableName, to new: TableName) {
        known[new] = known.removeValue(forKey: old)
    }

    /// Notes that nothing has this name any more.
    mutating func free(_ name: TableName) { known[name] = nil }

    /// What makes it impossible to put a table of ours under `name`, if anything. An index that is the key of one of
    /// ours gives way (``KeyNames``).
    func problem(of name: TableName) -> DestinationProblem? {
        guard let relation = known[name] else { return nil }
        guard relation.kind == "r" else {
            if relation.keyed != nil, relation.isOurs { return nil }
            let kinds = [
                "v": "a view", "m": "a materialized view", "f": "a foreign table", "i": "an index", "I": "an index",
                "S": "a sequence", "c": "a composite type", "p": "a partitioned table", "T": "a type",
            ]
            return .inTheWay(name, kind: kinds[relation.kind] ?? "something else")
        }
        return relation.isOurs ? nil : .foreignTable(name)
    }
}

extension SQL {
    /// `texts` as an array of the server's, to be bound as a parameter.
    static func array(_ texts: some Sequence<String>) -> String {
        let quoted = texts.map { text in
            "\"" + text.replacing(bytes: "\\", with: "\\\\").replacing(bytes: "\"", with: "\\\"") + "\""
        }
        return "{" + quoted.joined(separator: ",") + "}"
    }
}
