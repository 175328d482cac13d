/// The tables, and a view, that this program keeps in schema `tandem`, at either end.
///
/// An application may have a schema of that name, and tables of these names in it. They are known by their columns:
/// what has others is the application's, is copied as any other, and is never dropped.
enum OwnTables {
    /// The one that is a view.
    private static let view = "status"

    /// Columns that each has in every version.
    private static let columns = [
        ("captures", "relation,key_columns,log"), ("gaps", "relation,reason,noted"), ("readers", "sync,place,seen"),
        ("reading", "reader,relation"), ("version", "version"), ("loads", "schema_name,table_name"),
        ("made", "sync,kind,place"), ("tables", "sync,schema_name,row_count"), ("streams", "sync,id,checkpoint"),
        (view, "sync,source_table,as_of,issues"), ("two_way_sessions", "project,sync,session"),
        ("two_way_notes", "project,sync,number,bytes"),
    ]

    /// Whether `c`, in schema `n`, is one of them.
    static let isOne = """
        (n.nspname = '\(Metadata.schema)' AND c.relkind = CASE c.relname WHEN '\(view)' THEN 'v' ELSE 'r' END AND coalesce((
          SELECT pg_catalog.array_agg(a.attname::pg_catalog.text) FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
          OPERATOR(pg_catalog.@>) CASE \(cases) WHEN c.relname ~ '^log_[0-9]+$' THEN '{xid,kind,k1}'::pg_catalog.text[]
            END, false))
        """

    private static let cases = columns.map { "WHEN c.relname = '\($0)' THEN '{\($1)}'::pg_catalog.text[]" }
        .joined(separator: " ")

    /// Whether there is one of this name.
    static func exists(_ name: String, _ session: Session) throws -> Bool {
        try session.query("SELECT EXISTS (SELECT \(from) WHERE c.relname = $1 AND \(isOne))", [name]).value == "t"
    }

    /// What has one of these names in the schema, and is not ours.
    static func stranger(_ names: [String], _ session: Session) throws -> String? {
        let list = names.map(SQL.literal).joined(separator: ", ")
        let question = """
            SELECT min(c.relname::pg_catalog.text) \(from)
            WHERE n.nspname = '\(Metadata.schema)' AND c.relname IN (\(list)) AND NOT \(isOne)
            """
        return try session.query(question).value
    }

    private static let from = "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
}
