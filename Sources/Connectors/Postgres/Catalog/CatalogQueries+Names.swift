/// What values show of other objects by name.
extension CatalogQueries {
    /// Types whose values are written with the names of other objects, each with a letter for where these are: classes,
    /// functions, procedures with their arguments, operators without and with theirs, types, roles, namespaces, text
    /// search configurations and dictionaries, collations. `m` is for money, which is written by a setting.
    var nameKinds: String {
        let types: [(letter: String, types: [Int])] = [
            ("c", [2205, 2210]), ("f", [24, 1008]), ("p", [2202, 2207]), ("o", [2203, 2208]), ("q", [2204, 2209]),
            ("t", [2206, 2211]), ("r", [4096, 4097, 1033, 1034]), ("n", [4089, 4090]), ("s", [3734, 3735]),
            ("d", [3769, 3770]), ("l", [4191, 4192]), ("m", [790, 791]),
        ]
        let rows = types.flatMap { kind in kind.types.map { "(\($0)::pg_catalog.oid, '\(kind.letter)'::text)" } }
        return "kinds(type, catalog) AS (VALUES \(rows.joined(separator: ", ")))"
    }

    /// The names, of catalogs that are shown only, and not of temporary objects nor of this program's. One fact for
    /// each where these are not too many, so that what is created says nothing; or else one for all.
    var names: String {
        """
        showing(relation, catalog) AS (
          SELECT DISTINCT t.relation, k.catalog
          FROM typed t JOIN uses u ON u.root = t.type JOIN kinds k ON k.type = u.type
        ), ours(relation) AS (
          SELECT d.objoid FROM pg_catalog.pg_description d
          WHERE \(isShown("c", "t")) AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.description LIKE '\(Metadata.mark)%'
        ), spaces(oid, name) AS (
          SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
          WHERE n.nspname !~ '^pg_(temp|toast)' AND n.nspname <> '\(Metadata.schema)'
        ), named(catalog, object, name) AS (
          \(namedObjects.joined(separator: "\n  UNION ALL\n  "))
        ), grouped(catalog, object, name, sum) AS (
          SELECT d.catalog, g.object, min(d.name),
            \(hash("string_agg(concat(d.object, ' ', d.name), ',' ORDER BY d.object, d.name)"))
          FROM named d CROSS JOIN LATERAL (
            SELECT CASE WHEN (SELECT count(*) FROM named) * (SELECT count(*) FROM showing) <= 100000
              THEN d.object ELSE 1 END AS object
          ) g GROUP BY d.catalog, g.object
        )
        """
    }

    var nameFacts: String {
        """
        SELECT s.relation, 'n', 0::pg_catalog.int8, string_agg(s.catalog, '' ORDER BY s.catalog), NULL::text
        FROM showing s WHERE s.catalog <> 'm' GROUP BY s.relation
        UNION ALL
        SELECT s.relation, 'n', g.object::pg_catalog.int8, \(hash("string_agg(g.sum, ',' ORDER BY g.catalog)")),
          CASE WHEN g.object <> 1::pg_catalog.oid THEN min(g.name) END
        FROM showing s JOIN grouped g ON g.catalog = s.catalog GROUP BY s.relation, g.object
        UNION ALL
        SELECT s.relation, 's', 790, \(hash("pg_catalog.current_setting('lc_monetary')")), 'lc_monetary'
        FROM showing s WHERE s.catalog = 'm'
        """
    }

    /// A condition that is not about the rows, so that what nobody asks for is not read.
    private func isShown(_ letters: String...) -> String {
        "EXISTS (SELECT FROM showing s WHERE s.catalog IN (\(letters.map { "'\($0)'" }.joined(separator: ", "))))"
    }

    /// Of what the server brings only what is there to be renamed. Arrays of a type come and go with it.
    private var namedObjects: [String] {
        func own(_ letter: String, _ catalog: String, _ prefix: String, _ more: String = "") -> String {
            """
            SELECT '\(letter)', x.oid, concat(s.name, '.', x.\(prefix)name\(more))
              FROM pg_catalog.\(catalog) x JOIN spaces s ON s.oid = x.\(prefix)namespace
              WHERE \(isShown(letter)) AND x.oid >= 16384
            """
        }
        let sides = ["oprleft", "oprright"].map { "pg_catalog.format_type(x.\($0), NULL)" }
        return [
            """
            SELECT 'c', x.oid, concat(s.name, '.', x.relname)
              FROM pg_catalog.pg_class x JOIN spaces s ON s.oid = x.relnamespace
                LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = x.oid
              WHERE \(isShown("c")) AND x.oid >= 16384 AND x.relpersistence <> 't'
                AND coalesce(i.indrelid, x.oid) NOT IN (SELECT o.relation FROM ours o)
            """,
            """
            SELECT 't', x.oid, concat(s.name, '.', x.typname)
              FROM pg_catalog.pg_type x JOIN spaces s ON s.oid = x.typnamespace
              WHERE \(isShown("t")) AND x.oid >= 16384
                AND x.typinput <> 'pg_catalog.array_in'::pg_catalog.regproc
                AND x.typrelid NOT IN (SELECT o.relation FROM ours o)
            """,
            "SELECT 'r', x.oid, x.rolname::text FROM pg_catalog.pg_roles x WHERE \(isShown("r"))",
            "SELECT 'n', x.oid, x.name::text FROM spaces x WHERE \(isShown("n"))",
            own("f", "pg_proc", "pro"),
            own("p", "pg_proc", "pro", ", '(', pg_catalog.oidvectortypes(x.proargtypes), ')'"),
            own("o", "pg_operator", "opr"),
            own("q", "pg_operator", "opr", ", '(', \(sides.joined(separator: ", ',', ")), ')'"),
            own("s", "pg_ts_config", "cfg"), own("d", "pg_ts_dict", "dict"), own("l", "pg_collation", "coll"),
        ]
    }
}
