/// The questions put to the server's catalog, as a server of one version understands them.
///
/// Four set-based queries answer for all tables at once, tied by OID. Columns
/// are read by position, so each `SELECT` list has its counterpart:
/// ``TableFacts``, ``ColumnFacts``, ``KeyCandidate``, ``TypeMap``.
///
/// `$1` is an array of OIDs, or null for every table; `types` takes none.
package struct CatalogQueries: Sendable {
    /// As `server_version_num`: 90400 is the oldest served.
    let version: Int

    package init(version: Int) { self.version = version }

    /// What counts as a user's table `c` in schema `n`: whatever the server does not keep for itself, so neither
    /// temporary tables nor TOAST, nor this program. No user can make a schema whose name begins with `pg_`.
    static let isUsers = """
        n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND NOT \(OwnTables.isOne) AND NOT (c.relname ~ '^_tandem_load_' \
        AND coalesce(pg_catalog.obj_description(c.oid, 'pg_class') LIKE '\(Metadata.mark)%', false))
        """

    private var hasPartitions: Bool { version >= 100_000 }
    private var hasRowSecurity: Bool { version >= 90_500 }

    /// Tables of their own, for a partition is part of its root, that were asked for.
    var wanted: String {
        "c.relkind IN ('r', 'p', 'v', 'm', 'f') AND \(Self.isUsers)"
            + (hasPartitions ? " AND NOT c.relispartition" : "")
            + " AND ($1::pg_catalog.oid[] IS NULL OR c.oid = ANY ($1::pg_catalog.oid[]))"
    }

    /// One row a table. Read by ``TableFacts``.
    ///
    /// A table that another session holds under ACCESS EXCLUSIVE is not
    /// measured, because measuring would wait for that session.
    package var tables: String {
        """
        WITH RECURSIVE locked AS (
          SELECT DISTINCT l.relation FROM pg_catalog.pg_locks l
          WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL AND l.pid <> pg_catalog.pg_backend_pid()
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
        ), \(partitions), parents AS (
          SELECT DISTINCT i.inhparent FROM pg_catalog.pg_inherits i
        ), children AS (
          SELECT DISTINCT i.inhrelid FROM pg_catalog.pg_inherits i
        ), \(policies)
        SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relispopulated,
          CASE WHEN c.relkind = 'p' THEN p.rows WHEN \(isCounted("c")) THEN c.reltuples::pg_catalog.int8 END,
          CASE WHEN c.relkind = 'p' THEN p.bytes
            WHEN c.relkind IN ('r', 'm') AND c.oid NOT IN (SELECT relation FROM locked)
            THEN pg_catalog.pg_table_size(c.oid) END,
          c.relreplident, pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
          pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.has_table_privilege(c.oid, 'TRIGGER'),
          pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'),
          pg_catalog.pg_has_role(c.relowner, 'USAGE'), pg_catalog.pg_get_userbyid(c.relowner), (
            SELECT min(e.extname::text)
            FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
              AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          ),
          \(visibility), c.oid IN (SELECT inhparent FROM parents), c.oid IN (SELECT inhrelid FROM children),
          s.srvname, p.unlogged, p."foreign"
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN partitions p ON p.root = c.oid
          LEFT JOIN policies v ON v.polrelid = c.oid
          LEFT JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid
          LEFT JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
        WHERE \(wanted)
        ORDER BY n.nspname, c.relname
        """
    }

    /// Whether no row has a null in the column `a`. Since 18 a NOT NULL constraint may be there without having been
    /// checked on the rows.
    var isNotNull: String {
        guard version >= 180_000 else { return "a.attnotnull" }
        return """
            a.attnotnull AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_constraint k
                WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum AND NOT k.convalidated
              )
            """
    }

    /// One row a column, tables together, columns in their order. Read by ``ColumnFacts``.
    package var columns: String {
        """
        SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod,
          pg_catalog.format_type(a.atttypid, a.atttypmod), \(isNotNull),
          CASE WHEN pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN true
            ELSE pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') END
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE \(wanted) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum
        """
    }

    /// One row for each index that tells all rows apart, but for nulls. Read by ``KeyCandidate``.
    package var keys: String {
        let keyColumns = version >= 110_000 ? "i.indnkeyatts" : "i.indnatts"
        // Numbers, texts, bytes, dates and times, uuids, addresses, bits, ranges of whole numbers and of times. Not
        // jsonb, whose numbers keep zeros, and what extensions compare in their own way, such as citext.
        let exact = """
            16, 17, 18, 19, 20, 21, 23, 25, 26, 650, 700, 701, 774, 790, 829, 869, 1042, 1043, 1082, 1083, 1114, 1184, \
            1186, 1266, 1560, 1562, 1700, 2950, 3220, 3904, 3908, 3910, 3912, 3926, 1005, 1007, 1009, 1015, 1016, 2951
            """
        let folds = version >= 120_000 ? "AND NOT l.collisdeterministic" : "AND false"
        return """
            SELECT i.indrelid, x.relname, i.indisprimary, i.indisreplident, i.indimmediate, \(keyColumns), i.indkey,
              NOT EXISTS (
                SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND t.typtype <> 'e'
                  AND CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END NOT IN (\(exact))
              ) AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_collation l WHERE l.oid = ANY (i.indcollation) \(folds)
              )
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
              JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE \(wanted) AND i.indisunique AND i.indisvalid
              AND i.indpred IS NULL AND i.indexprs IS NULL
            ORDER BY i.indrelid, i.indexrelid
            """
    }

    /// One row for each type of which ``TypeMap`` has to know more than its number.
    ///
    /// A cast to text is not the output function where it is a function of its own, or where it takes the bytes as they
    /// are and the output function does more: `xml` is written without its declaration.
    package var types: String {
        """
        SELECT t.oid, t.typtype, t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc, t.typelem, e.typdelim,
          t.typbasetype, t.typtypmod,
          CASE WHEN k.castmethod = 'f' OR o.prosrc <> 'textout'
            THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.proname) END
        FROM pg_catalog.pg_type t
          LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
          LEFT JOIN pg_catalog.pg_cast k
            ON k.castsource = t.oid AND k.casttarget = 'pg_catalog.text'::pg_catalog.regtype AND k.castmethod <> 'i'
          LEFT JOIN pg_catalog.pg_proc o ON o.oid = t.typoutput
          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.pronamespace
        WHERE t.typtype IN ('d', 'e') OR k.castsource IS NOT NULL
          OR t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
        """
    }
}

extension CatalogQueries {
    /// Whether the statistics of a relation say how many rows it has: before 14 nothing told "none" from "not known".
    private func isCounted(_ relation: String) -> String {
        version >= 140_000
            ? "\(relation).relkind IN ('r', 'm', 'f') AND \(relation).reltuples >= 0"
            : "\(relation).relkind IN ('r', 'm', 'f') AND (\(relation).reltuples > 0 OR \(relation).relpages > 0)"
    }

    /// For each partitioned table, the rows and bytes of its leaves at every depth, and one of those that leave nothing
    /// in the log.
    private var partitions: String {
        guard hasPartitions else {
            return """
                partitions AS (
                  SELECT NULL::pg_catalog.oid AS root, NULL::pg_catalog.int8 AS rows, NULL::pg_catalog.int8 AS bytes,
                    NULL::text AS unlogged, NULL::text AS "foreign"
                  WHERE false
                )
                """
        }
        return """
            tree(root, relation) AS (
              SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND NOT c.relispartition
                AND ($1::pg_catalog.oid[] IS NULL OR c.oid = ANY ($1::pg_catalog.oid[]))
              UNION ALL
              SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
            ), partitions AS (
              SELECT t.root, sum(CASE WHEN \(isCounted("l")) THEN l.reltuples::pg_catalog.int8 END)::pg_catalog.int8 AS rows,
                sum(CASE WHEN l.relkind = 'r' AND l.oid NOT IN (SELECT relation FROM locked)
                  THEN pg_catalog.pg_table_size(l.oid) END)::pg_catalog.int8 AS bytes,
                min(CASE WHEN l.relpersistence = 'u' THEN l.relname::text END) AS unlogged,
                min(CASE WHEN l.relkind = 'f' THEN l.relname::text END) AS "foreign"
              FROM tree t JOIN pg_catalog.pg_class l ON l.oid = t.relation
              WHERE l.relkind <> 'p' GROUP BY t.root
            )
            """
    }

    /// For each table, what its policies show the current user: every row (`open` and not `narrowed`), or the rows an
    /// administrator chose for one of this user's roles (`named`).
    private var policies: String {
        guard hasRowSecurity else { return "policies AS (SELECT NULL::pg_catalog.oid AS polrelid WHERE false)" }
        let permits = version >= 100_000 ? "p.polpermissive" : "true"
        let mine = "EXISTS (SELECT FROM unnest(p.polroles) r WHERE r <> 0 AND pg_catalog.pg_has_role(r, 'USAGE'))"
        // The constant as the catalog has it: to have it written as an expression would wait for who locks the table.
        let isTrue = """
            (p.polqual IS NULL OR p.polqual::pg_catalog.text ~
              '^\\{CONST :consttype 16 .*:constisnull false .*:constvalue 1 \\[ (1( 0)*|(0 )*1) \\]\\}$')
            """
        return """
            policies AS (
              SELECT p.polrelid, bool_or(\(permits) AND \(isTrue)) AS open, bool_or(\(permits) AND \(mine)) AS named,
                bool_or(NOT \(permits) AND NOT \(isTrue)) AS narrowed
              FROM pg_catalog.pg_policy p
              WHERE p.polcmd IN ('r', '*') AND (0 = ANY (p.polroles) OR \(mine))
              GROUP BY p.polrelid
            )
            """
    }

    /// A word of ``TableFacts/RowVisibility``.
    private var visibility: String {
        guard hasRowSecurity else { return "'all'" }
        return """
            CASE WHEN NOT pg_catalog.row_security_active(c.oid) THEN 'all'
                WHEN v.open AND NOT v.narrowed THEN 'open' WHEN v.named THEN 'chosen' ELSE 'hidden' END
            """
    }
}
