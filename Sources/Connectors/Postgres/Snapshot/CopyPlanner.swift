import TandemCore
import TandemRows

/// Asks the server what it takes to read a table, in the snapshot it is read in.
struct CopyPlanner {
    let session: Session
    let table: CatalogTable
    let schema: TableSchema
    let types: TypeMap
    /// A condition that rows must meet, if there is one.
    var filter: String?
    /// The rows that are wanted by a cursor, if they are.
    var range: CursorRange?
    /// The only stretches that are wanted, if that is not all.
    var section: TableSection?

    /// - Throws: ``PostgresError``.
    func plan(readers: Int) throws -> CopyPlan {
        let (root, leaves) = try tree()
        let columns = try columns()
        let heap = try section.map { section in
            // Looked at by whoever has cut it, in this snapshot.
            guard Self.isCuttable(root, leaves, session), HeapSections.isPart(section, of: leaves),
                let heap = HeapSection(section.place)
            else { throw Self.rewritten(schema.name, session.endpoint) }
            return heap
        }
        return CopyPlan(
            root: root,
            leaves: leaves,
            columns: columns,
            readers: readers,
            hasTIDRangeScan: session.capabilities.hasTIDRangeScan,
            hasRowSecurity: session.capabilities.hasRowSecurity,
            filter: filter,
            pieces: try range.map {
                try CursorReading(session: session, table: table, types: types).conditions(for: $0)
            },
            section: heap
        )
    }

    /// The sections that the table can be read in: `earlier`, if these still are all of it.
    ///
    /// - Parameter bytes: How large one is at least.
    /// - Throws: ``PostgresError``.
    func sections(continuing earlier: [TableSection], bytes: Int) throws -> [TableSection] {
        let (root, leaves) = try tree()
        guard Self.isCuttable(root, leaves, session) else { return [] }
        if !earlier.isEmpty, HeapSections.cover(earlier, leaves) { return earlier }
        return HeapSections(bytes: bytes).cut(leaves)
    }

    /// Whether every row can be read by the page that it lies in, and who reads sees all.
    private static func isCuttable(_ root: CopyRelation, _ leaves: [CopyRelation], _ session: Session) -> Bool {
        session.capabilities.hasTIDRangeScan && root.isReadable && !leaves.isEmpty
            && leaves.allSatisfy { $0.isReadable && $0.isHeap && $0.storage != 0 }
    }

    /// The table itself, and where its rows lie.
    private func tree() throws -> (root: CopyRelation, leaves: [CopyRelation]) {
        let relations = try relations()
        let root = try root(of: relations)
        let leaves = root.kind == "p" ? relations.filter { $0.kind != "p" && $0.oid != root.oid } : [root]
        guard leaves.allSatisfy(\.isUnchanged) else { throw Self.rewritten(schema.name, session.endpoint) }
        return (root, leaves)
    }

    /// The table itself.
    func root() throws -> CopyRelation { try root(of: relations()) }

    private func root(of relations: [CopyRelation]) throws -> CopyRelation {
        guard let root = relations.first(where: { $0.oid == table.schema.oid }) else {
            throw PostgresError.tableChanged(session.endpoint, schema.name, what: "it is gone")
        }
        return root
    }

    /// Whether `relation` is what it was when the snapshot was taken. Its storage is replaced by TRUNCATE and by
    /// what rewrites a table; the first empties it for older snapshots too.
    ///
    /// True only if asked once a lock is held on it, which a COPY leaves behind.
    static func isUnchanged(_ relation: UInt32, on session: Session) throws -> Bool {
        let question = "SELECT \(unchanged) FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.oid"
        return try session.query(repeating: question, [String(relation)]).value == "t"
    }

    static func rewritten(_ name: TableName, _ endpoint: Endpoint) -> PostgresError {
        .tableRewritten(endpoint, name)
    }

    /// `pg_class` as the snapshot shows it, beside what the server's functions see, which is the present.
    private static let unchanged =
        "(c.relkind NOT IN ('r', 'm') OR c.relfilenode = coalesce(pg_catalog.pg_relation_filenode(c.oid), 0))"

    /// How each column is asked for, found by the number that a rename leaves alone.
    private func columns() throws -> [ColumnReading] {
        let question = """
            SELECT a.attnum, a.attname, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped
            """
        var known: [Int: (name: String, type: UInt32, modifier: Int32)] = [:]
        for row in try session.query(repeating: question, [String(table.schema.oid)]).rows {
            guard row.count == 4, let number = row[0].flatMap({ Int($0) }), let name = row[1],
                let type = row[2].flatMap({ UInt32($0) }), let modifier = row[3].flatMap({ Int32($0) })
            else { throw PostgresError.malformed(session.endpoint, what: "a row of its catalog") }
            known[number] = (name, type, modifier)
        }
        return try schema.columns.map { column in
            guard let now = known[column.number] else {
                throw PostgresError.tableChanged(
                    session.endpoint,
                    schema.name,
                    what: "column \"\(column.name)\" is gone"
                )
            }
            let native = types.native(now.type, modifier: now.modifier)
            guard let reading = native.reading(as: column.type) else {
                throw PostgresError.tableChanged(
                    session.endpoint,
                    schema.name,
                    what: "column \"\(column.name)\" has another type"
                )
            }
            return ColumnReading(
                name: SQL.identifier(now.name),
                type: now.type,
                reading: reading,
                isAnyDecimal: native.isAnyDecimal
            )
        }
    }

    /// The table, and the partitions below it.
    private func relations() throws -> [CopyRelation] {
        let wanted = "{" + schema.columns.map(\.id.description).joined(separator: ",") + "}"
        let answer = try session.query(repeating: question, [String(table.schema.oid), wanted])
        // Asked only where it matters: what inherits from a plain table may be its chunks.
        let mayBeHypertables = answer.rows.contains { $0.count > 9 && $0[9] == "t" }
        let hypertables = try mayBeHypertables ? Hypertables(session) : Hypertables()
        return try answer.rows.map { row in
            guard row.count == 11, let oid = row[0].flatMap({ UInt32($0) }), let namespace = row[1], let name = row[2],
                let kind = row[3], let pages = row[4].flatMap({ Int($0) }), let bytes = row[5].flatMap({ Int($0) }),
                let storage = row[10].flatMap({ UInt32($0) })
            else { throw PostgresError.malformed(session.endpoint, what: "a row of its catalog") }
            return CopyRelation(
                oid: oid,
                name: TableName(schema: namespace, table: name),
                kind: kind,
                storage: storage,
                pages: pages,
                bytes: bytes,
                isHeap: row[6] == "t" && !hypertables.roots.contains(oid),
                isReadable: row[7] == "t",
                isUnchanged: row[8] == "t",
                isHypertable: hypertables.roots.contains(oid)
            )
        }
    }

    /// Columns are matched by name below the root: a partition that was attached numbers its own.
    private var question: String {
        let capabilities = session.capabilities
        let heap =
            capabilities.hasAccessMethods
            ? "c.relam = (SELECT am.oid FROM pg_catalog.pg_am am WHERE am.amname = 'heap')" : "true"
        let seesAll = capabilities.hasRowSecurity ? "NOT pg_catalog.row_security_active(c.oid)" : "true"
        let tree =
            capabilities.hasPartitionedTables
            ? """
            UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_class p ON p.oid = t.oid AND p.relkind = 'p'
            JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
            """ : ""
        return """
            WITH RECURSIVE tree(oid) AS (SELECT $1::pg_catalog.oid \(tree)),
            wanted AS (
              SELECT a.attname FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum = ANY ($2::pg_catalog.int2[])
            )
            SELECT c.oid, n.nspname, c.relname, c.relkind,
              CASE WHEN c.relkind IN ('r', 'm') THEN coalesce(pg_catalog.pg_relation_size(c.oid), 0)
                / pg_catalog.current_setting('block_size')::pg_catalog.int8 ELSE 0 END,
              CASE WHEN c.relkind IN ('r', 'm') THEN coalesce(pg_catalog.pg_table_size(c.oid), 0) ELSE 0 END,
              c.relkind IN ('r', 'm') AND \(heap),
              \(seesAll) AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND (
                pg_catalog.has_table_privilege(c.oid, 'SELECT') OR NOT EXISTS (
                  SELECT FROM pg_catalog.pg_attribute a JOIN wanted w ON w.attname = a.attname
                  WHERE a.attrelid = c.oid AND NOT a.attisdropped
                    AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
                )
              ),
              \(Self.unchanged),
              c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
              c.relfilenode
            FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            ORDER BY c.oid
            """
    }
}
