/// What values depend on besides rows.
extension CatalogQueries {
    /// One row a fact: table, kind, number, text, name (``TableDefinition``). `$1` as elsewhere.
    ///
    /// A record of a column says what of `pg_attribute` does not change what is shown. It says nothing where the same
    /// statement may write it anew time and again, such as GRANT on a column. ATTACH, DETACH, INHERIT and NO INHERIT
    /// write it without a trace.
    ///
    /// What a column's type is made of: the last transaction that wrote it, with its epoch.
    ///
    /// A file is `relfilenode`, and its annex the number of the TOAST table: of what writes a table anew, ALTER TABLE
    /// alone makes another one. VACUUM FULL, CLUSTER and TRUNCATE keep it.
    var definitions: String {
        """
        WITH RECURSIVE chosen AS (
          SELECT c.oid, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE \(wanted)
        ), tree(root, relation) AS (
          SELECT c.oid, c.oid FROM chosen c WHERE c.relkind IN ('r', 'p')
          UNION ALL
          SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_class p ON p.oid = t.relation AND p.relkind = 'p'
            JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
        ), now(next) AS (
          SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
        ), \(reach), \(nameKinds), typed AS (
          -- OFFSET, because the planner takes types of users' own for rare, and would compare each with every table.
          SELECT DISTINCT u.relation, u.type FROM (
            SELECT c.oid AS relation, a.atttypid AS type
            FROM chosen c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
            WHERE a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            \(reachedTypes)
            OFFSET 0
          ) u WHERE u.type >= 16384 OR u.type IN (SELECT k.type FROM kinds k)
        ), uses(root, type) AS (
          SELECT DISTINCT t.type, t.type FROM typed t
          UNION
          SELECT u.root, n.type FROM uses u JOIN pg_catalog.pg_type t ON t.oid = u.type CROSS JOIN LATERAL (
            SELECT t.typelem UNION ALL SELECT t.typbasetype
            UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE \(isRange)
            UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
          ) n (type) WHERE n.type >= 16384 OR n.type IN (SELECT k.type FROM kinds k)
        ), written(type, writer) AS (
          \(writings)
        ), \(names)
        SELECT c.oid, 'c', a.attnum::pg_catalog.int8, \(columnFact), a.attname::text
        FROM chosen c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
          LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT c.oid, 'a', a.attnum, \(recordFact), NULL
        FROM chosen c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
          JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
          LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
        UNION ALL
        SELECT t.root, 'f', t.relation::pg_catalog.int8, concat(f.relfilenode, '.', f.reltoastrelid), NULL
        FROM tree t JOIN pg_catalog.pg_class f ON f.oid = t.relation AND f.relkind = 'r'
        UNION ALL
        SELECT t.relation, 'e', e.oid::pg_catalog.int8,
          concat(e.xmin, '.', \(hash("e.enumlabel::text"))), pg_catalog.format_type(e.enumtypid, NULL)
        FROM typed t JOIN uses u ON u.root = t.type JOIN pg_catalog.pg_enum e ON e.enumtypid = u.type
        UNION ALL
        SELECT t.relation, 't', y.oid::pg_catalog.int8, \(attributes),
          pg_catalog.format_type(y.oid, NULL)
        FROM typed t JOIN uses u ON u.root = t.type JOIN pg_catalog.pg_type y ON y.oid = u.type
          JOIN pg_catalog.pg_attribute a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        GROUP BY t.relation, y.oid
        UNION ALL
        SELECT c.oid, 'd', a.attnum, coalesce(max(w.writer), 0)::text, NULL
        FROM chosen c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          JOIN uses u ON u.root = a.atttypid LEFT JOIN written w ON w.type = u.type
        WHERE c.relkind IN ('r', 'p')
        GROUP BY c.oid, a.attnum
        UNION ALL
        \(viewFacts)
        UNION ALL
        \(nameFacts)
        """
    }

    private var attributes: String {
        hash("string_agg(concat_ws(' ', a.attnum, a.atttypid, a.atttypmod), ',' ORDER BY a.attnum)")
    }

    func hash(_ text: String) -> String { "pg_catalog.left(pg_catalog.md5(\(text)), 12)" }

    /// Longer `varchar`, or none, shows the same. Of an expression the number: it is another one each time that the
    /// expression is set.
    private var columnFact: String {
        let type = "CASE WHEN a.atttypid IN (25, 1043) THEN 'text' ELSE concat(a.atttypid, ' ', a.atttypmod) END"
        guard version >= 120_000 else { return type }
        return "concat(\(type), CASE WHEN a.attgenerated <> '' THEN ' ' || a.attgenerated::text || d.oid END)"
    }

    private var recordFact: String {
        var words = ["a.attname", "a.attnotnull", "a.atthasdef", "d.oid", "a.atttypid", "a.atttypmod"]
        if version >= 100_000 { words.append("a.attidentity") }
        // VACUUM FULL writes into each row what it had from this.
        if version >= 110_000 { words.append("a.atthasmissing") }
        var plain = [
            "a.attacl IS NULL", "a.attoptions IS NULL", "coalesce(a.attstattarget, -1) = -1",
            "a.attstorage = y.typstorage",
        ]
        if version >= 140_000 { plain.append("a.attcompression = ''") }
        words += ["a.attacl::text", "a.attoptions::text", "a.attstattarget", "a.attstorage"]
        let content = hash("concat_ws('|', \(words.map { "coalesce((\($0))::text, '')" }.joined(separator: ", ")))")
        return "concat(a.xmin, CASE WHEN \(plain.joined(separator: " AND ")) THEN '.' || \(content) END)"
    }

    /// Which transactions wrote what types are made of, but for what came with the type. What names are shown of may be
    /// called otherwise any time.
    private var writings: String {
        func full(_ xid: String) -> String {
            "s.next - ((s.next - \(xid)::text::pg_catalog.int8) & 4294967295)"
        }
        return """
            SELECT y.oid, \(full("e.xmin"))::pg_catalog.numeric
            FROM now s CROSS JOIN pg_catalog.pg_enum e JOIN pg_catalog.pg_type y ON y.oid = e.enumtypid
            WHERE y.oid IN (SELECT u.type FROM uses u) AND (e.xmin, e.cmin) IS DISTINCT FROM (y.xmin, y.cmin)
            UNION ALL
            SELECT y.oid, \(full("a.xmin"))
            FROM now s CROSS JOIN pg_catalog.pg_type y
              JOIN pg_catalog.pg_attribute a ON a.attrelid = y.typrelid AND a.attnum > 0
            WHERE y.oid IN (SELECT u.type FROM uses u) AND (a.xmin, a.cmin) IS DISTINCT FROM (y.xmin, y.cmin)
            UNION ALL
            SELECT k.type, \(UInt64.max) FROM kinds k WHERE k.catalog <> 'm'
            """
    }

    private var isRange: String {
        version >= 140_000 ? "t.oid IN (r.rngtypid, r.rngmultitypid)" : "t.oid = r.rngtypid"
    }
}
