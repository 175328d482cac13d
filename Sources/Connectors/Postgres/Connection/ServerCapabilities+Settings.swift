/// What this program sets, whatever a role, a database or a configuration file says. Nothing else changes what arrives.
extension ServerCapabilities {
    /// What decides how the server writes a value as text. Whatever reads rows has these, so that a value is the same
    /// text in a copy and in a stream of changes.
    ///
    /// - Returns: Values as they are, not quoted: for a statement they go through ``SQL/literal(_:)``.
    package var outputSettings: [(name: String, value: String)] {
        [
            ("DateStyle", "ISO, YMD"), ("IntervalStyle", "postgres"), ("TimeZone", "UTC"),
            ("extra_float_digits", "3"), ("bytea_output", "hex"), ("xmlbinary", "base64"),
            // Names of types are compared with those of other days.
            ("quote_all_identifiers", "off"),
            // A database without an encoding holds bytes of any, and refuses to send as UTF-8 what is none.
            ("client_encoding", sendsValidUTF8 ? "UTF8" : "SQL_ASCII"),
        ]
    }

    /// What every transaction of this program sets for itself, by name, with values as statements have them.
    ///
    /// Set with `SET LOCAL` and not for the session: behind a pooler a session outlives its client, and an application
    /// that inherits our `search_path` would fail.
    package var settings: [(name: String, value: String)] {
        // First, because the first of them may end the statement that sets the others.
        timeouts + outputSettings.map { ($0.name, SQL.literal($0.value)) } + meanings + plans
    }

    /// Ours are long by their nature, and wait on purpose; the program ends what takes too long itself.
    private var timeouts: [(name: String, value: String)] {
        var timeouts = [("statement_timeout", "0"), ("lock_timeout", "'10s'")]
        if version >= 90_600 { timeouts.append(("idle_in_transaction_session_timeout", "0")) }
        if version >= 170_000 { timeouts.append(("transaction_timeout", "0")) }
        return timeouts
    }

    /// What changes how statements and values are read, which rows come, and what ends the connection.
    private var meanings: [(name: String, value: String)] {
        var settings = [
            // Every name is written with its schema, or is one of the server's own, which neither another schema's nor
            // a temporary table's may shadow.
            ("search_path", "pg_catalog, pg_temp"),
            ("standard_conforming_strings", "on"), ("array_nulls", "on"), ("transform_null_equals", "off"),
            ("xmloption", "content"), ("exit_on_error", "off"), ("client_min_messages", "notice"),
            // An index may leave rows out by chance where there are many.
            ("gin_fuzzy_search_limit", "0"),
            // A scan that joins another one in the middle would not give rows in the same order twice.
            ("synchronize_seqscans", "off"),
        ]
        // Rows that a policy hides would be missing in silence; so the server refuses instead.
        if hasRowSecurity { settings.append(("row_security", "off")) }
        if canRestrictRelations { settings.append(("restrict_nonsystem_relation_kind", "''")) }
        return settings
    }

    /// Ranges of pages, keys and cursors are looked up in one way only, and a table is not to be read whole for each.
    private var plans: [(name: String, value: String)] {
        let scans = ["seqscan", "indexscan", "indexonlyscan", "bitmapscan", "tidscan"]
        var settings = scans.map { ("enable_\($0)", "on") }
        if version >= 90_600 { settings.append(("max_parallel_workers_per_gather", "0")) }
        if version >= 110_000 { settings.append(("jit", "off")) }
        return settings
    }

    /// Kinds of relations can be closed to a session, since the minor versions of August 2024.
    private var canRestrictRelations: Bool {
        let since = [12: 20, 13: 16, 14: 13, 15: 8, 16: 4]
        return version >= 170_000 || since[version / 10_000].map { version % 10_000 >= $0 } ?? false
    }

    /// What holds between transactions too, where the session is this program's alone.
    package var sessionSettings: [(name: String, value: String)] {
        version >= 140_000 ? [("idle_session_timeout", "0")] : []
    }
}
