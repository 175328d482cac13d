import TandemRows

/// What a name stands for in the database that is written to.
struct Relation: Sendable {
    var oid: UInt32
    /// `pg_class.relkind`.
    var kind: String
    /// Whether this program made it.
    var isOurs: Bool
}

/// What some names stand for, asked for in one go.
struct Relations: Sendable {
    private var known: [TableName: Relation] = [:]

    init(_ names: [TableName], in session: Session) throws {
        let question = """
            SELECT n.nspname, c.relname, c.oid, c.relkind,
              coalesce(pg_catalog.obj_description(c.oid, 'pg_class') LIKE $3 || '%', false)
            FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS w(schema_name, table_name)
              JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema_name
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
            """
        let parameters = [SQL.array(names.map(\.schema)), SQL.array(names.map(\.table)), Metadata.mark]
        for cells in try session.query(question, parameters).rows {
            do {
                var row = ResultRow(cells)
                let name = TableName(schema: try row.text(), table: try row.text())
                known[name] = Relation(oid: try row.number(), kind: try row.text(), isOurs: try row.flag())
            } catch is UnreadableCell {
                throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
            }
        }
    }

    subscript(name: TableName) -> Relation? { known[name] }

    /// Notes that a table was renamed.
    mutating func move(_ old: TableName, to new: TableName) {
        known[new] = known.removeValue(forKey: old)
    }

    /// What makes it impossible to put a table of ours under `name`, if anything.
    func problem(of name: TableName) -> DestinationProblem? {
        guard let relation = known[name] else { return nil }
        guard relation.kind == "r" else {
            let kinds = [
                "v": "a view", "m": "a materialized view", "f": "a foreign table", "i": "an index", "I": "an index",
                "S": "a sequence", "c": "a composite type", "p": "a partitioned table",
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
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        return "{" + quoted.joined(separator: ",") + "}"
    }
}
