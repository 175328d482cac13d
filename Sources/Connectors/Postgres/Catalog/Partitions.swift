import TandemCore
import TandemRows

/// Which partitions tables have, as the session's transaction shows it, and which of them were made as such.
struct Partitions {
    private let session: Session

    init(_ session: Session) { self.session = session }

    /// The partitions of each table at every depth, those that are partitioned themselves among them, by the number of
    /// the root.
    ///
    /// - Parameter root: Of this table only.
    /// - Throws: `UnreadableCell`; ``PostgresError``.
    func all(of root: UInt32? = nil) throws -> [UInt32: [TablePart]] {
        guard session.capabilities.hasPartitionedTables else { return [:] }
        let rows = try session.query(Self.question, [root.map { "{\($0)}" }]).rows.map { cells in
            var row = ResultRow(cells)
            let root: UInt32 = try row.number()
            let number: UInt32 = try row.number()
            let name = TableName(schema: try row.text(), table: try row.text())
            let part = TablePart(id: TableID(number), name: name, mark: try row.text(), isNative: try row.flag())
            return (root: root, part: part)
        }
        return Dictionary(grouping: rows, by: \.root).mapValues { $0.map(\.part) }
    }

    /// ATTACH writes a line into `pg_inherits`, so the transaction that wrote it marks this time of being a partition.
    /// ATTACH and DETACH both write every column's line anew, but never those of the system's columns. So a partition
    /// is native whose line for some column is as old as the one for `tableoid`: of the same transaction and command.
    /// A line that somebody meant to remove, and did not, has lost its command's number.
    private static let question = """
        WITH RECURSIVE tree(root, relation, mark) AS (
          SELECT c.oid, i.inhrelid, i.xmin
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhparent = c.oid
          WHERE c.relkind = 'p' AND NOT c.relispartition
            AND ($1::pg_catalog.oid[] IS NULL OR c.oid = ANY ($1::pg_catalog.oid[]))
          UNION ALL
          SELECT t.root, i.inhrelid, i.xmin
          FROM tree t JOIN pg_catalog.pg_class p ON p.oid = t.relation AND p.relkind = 'p'
            JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
        )
        SELECT t.root, t.relation, n.nspname, c.relname, t.mark, EXISTS (
            SELECT FROM pg_catalog.pg_attribute s JOIN pg_catalog.pg_attribute a ON a.attrelid = s.attrelid
            WHERE s.attrelid = t.relation AND s.attname = 'tableoid' AND s.attnum < 0
              AND a.attnum > 0 AND NOT a.attisdropped AND a.xmin = s.xmin AND a.cmin = s.cmin
              AND a.xmax::text = '0' AND s.xmax::text = '0'
          )
        FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.relation
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        ORDER BY t.root, t.relation
        """
}
