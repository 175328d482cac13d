extension ServerCapabilities {
    /// The expression for a place in the log that everything visible by now was written before.
    ///
    /// Null where the log is not made to be read: some hosts have no such place then, and refuse to say so politely.
    package var logPosition: String {
        let position =
            switch (isInRecovery, version >= 100_000) {
            case (false, true): "pg_current_wal_insert_lsn()"
            case (false, false): "pg_current_xlog_insert_location()"
            case (true, true): "pg_last_wal_replay_lsn()"
            case (true, false): "pg_last_xlog_replay_location()"
            }
        return "CASE WHEN pg_catalog.current_setting('wal_level') = 'logical' THEN pg_catalog.\(position) END"
    }

    /// The expression for the end of the log that is on disk, which a stream of it reaches without further ado.
    package var flushedPosition: String {
        switch (isInRecovery, version) {
        case (false, 100_000...): "pg_catalog.pg_current_wal_flush_lsn()"
        case (false, 90_600...): "pg_catalog.pg_current_xlog_flush_location()"
        case (false, _): "pg_catalog.pg_current_xlog_location()"
        case (true, 100_000...): "pg_catalog.pg_last_wal_replay_lsn()"
        case (true, _): "pg_catalog.pg_last_xlog_replay_location()"
        }
    }

    /// The name of the function for the bytes between two places.
    package var logDifference: String {
        version >= 100_000 ? "pg_catalog.pg_wal_lsn_diff" : "pg_catalog.pg_xlog_location_diff"
    }

    /// `pg_logical_emit_message()`, on a server that writes a log of its own.
    package var canEmitMessages: Bool { version >= 90_600 && !isInRecovery }
    /// `CREATE PUBLICATION`.
    package var hasPublications: Bool { version >= 100_000 }

    /// A table that joins a publication while transactions write to it may lose what they do to it afterwards.
    ///
    /// Mended in 13.21, 14.18, 15.13, 16.9, 17.5 and 18.
    package var losesChangesOfNewTables: Bool { isBelow([13: 21, 14: 18, 15: 13, 16: 9, 17: 5]) }

    /// Whether the version is of an older branch than all of `floors`, or below its own branch's.
    func isBelow(_ floors: [Int: Int]) -> Bool {
        let branch = version / 10_000
        guard let floor = floors[branch] else { return branch < (floors.keys.min() ?? 0) }
        return version % 10_000 < floor
    }
}
