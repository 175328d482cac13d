/// What views are made of.
extension CatalogQueries {
    /// Everything that a view is made of, as far as the server knows: relations (`part` is a column's number, or 0),
    /// functions, operators and types. The text of a function's body is not among what it knows.
    var reach: String {
        """
        reach(root, class, object, part) AS (
          SELECT c.oid, \(number("pg_class")), c.oid, 0 FROM chosen c WHERE c.relkind = 'v'
          UNION
          SELECT f.root, d.refclassid, d.refobjid, d.refobjsubid FROM (
            SELECT r.root, coalesce(w.tableoid, r.class) AS class, coalesce(w.oid, r.object) AS object
            FROM reach r
              LEFT JOIN pg_catalog.pg_class c ON r.class = \(number("pg_class")) AND c.oid = r.object AND c.relkind = 'v'
              LEFT JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.rulename = '_RETURN'
            WHERE w.oid IS NOT NULL OR r.class <> \(number("pg_class"))
          ) f JOIN pg_catalog.pg_depend d ON d.classid = f.class AND d.objid = f.object AND d.deptype = 'n'
          WHERE d.refclassid IN (\(["pg_class", "pg_proc", "pg_operator", "pg_type"].map(number).joined(separator: ", ")))
        ), rules(root, relation, name, action) AS (
          SELECT DISTINCT r.root, c.oid, c.relname::text, w.ev_action::text
          FROM reach r JOIN pg_catalog.pg_class c ON c.oid = r.object AND c.relkind = 'v'
            JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.rulename = '_RETURN'
          WHERE r.class = \(number("pg_class"))
        )
        """
    }

    /// The types of what views are made of. Those of expressions stand in the rule, without a mark if they are the
    /// server's own.
    var reachedTypes: String {
        """
        SELECT r.root, a.atttypid FROM reach r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.object
        WHERE r.class = \(number("pg_class")) AND a.attnum > 0 AND NOT a.attisdropped AND r.part IN (0, a.attnum)
        UNION ALL
        SELECT r.root, r.object FROM reach r WHERE r.class = \(number("pg_type"))
        UNION ALL
        SELECT r.root, k.type FROM rules r JOIN kinds k ON strpos(r.action, concat('type ', k.type, ' ')) > 0
        """
    }

    var viewFacts: String {
        """
        SELECT r.root, 'v', r.relation::pg_catalog.int8, \(hash("r.action")), r.name FROM rules r
        \(reachedExpressions)UNION ALL
        SELECT f.root, 'g', p.oid::pg_catalog.int8, \(hash("concat(\(routine))")), p.proname::text
        FROM (
            SELECT r.root, r.object FROM reach r WHERE r.class = \(number("pg_proc"))
            UNION
            SELECT t.relation, y.typoutput::pg_catalog.oid
            FROM typed t JOIN uses u ON u.root = t.type JOIN pg_catalog.pg_type y ON y.oid = u.type
          ) f (root, object) JOIN pg_catalog.pg_proc p ON p.oid = f.object
          LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
        WHERE p.oid >= 16384
        """
    }

    /// Those of generated columns, which can be set anew under a view.
    private var reachedExpressions: String {
        guard version >= 120_000 else { return "" }
        return """
            UNION ALL
            SELECT r.root, 'v', c.oid::pg_catalog.int8,
              \(hash("string_agg(DISTINCT concat(a.attnum, ' ', d.oid), ',')")), c.relname::text
            FROM reach r JOIN pg_catalog.pg_class c ON c.oid = r.object AND c.relkind IN ('r', 'p')
              JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attgenerated <> '' AND r.part IN (0, a.attnum)
              JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE r.class = \(number("pg_class")) GROUP BY r.root, c.oid, c.relname

            """
    }

    /// What CREATE OR REPLACE changes of a function `p` or aggregate `g`, and GRANT does not.
    private var routine: String {
        var words = [
            "p.prosrc", "p.probin", "p.prolang", "p.proisstrict", "p.proconfig", "p.proargdefaults",
            "g.aggtransfn::pg_catalog.oid", "g.aggfinalfn::pg_catalog.oid", "g.agginitval",
        ]
        if version >= 140_000 { words.append("p.prosqlbody") }
        return words.joined(separator: ", '|', ")
    }

    private func number(_ catalog: String) -> String { "'pg_catalog.\(catalog)'::pg_catalog.regclass::pg_catalog.oid" }
}
