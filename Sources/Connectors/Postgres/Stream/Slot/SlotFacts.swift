/// What a server says of one replication slot.
struct SlotFacts: Hashable, Sendable {
    var name: String
    /// `nil` for a physical one.
    var plugin: String?
    /// `nil` for a physical one.
    var database: String?
    /// The process that uses it, 0 where the server does not say which.
    var activePID: Int?
    /// What that process calls itself, and whose it is.
    var activeName: String?
    /// The oldest log that is kept for it. `nil` where none is any more.
    var restart: LSN?
    /// Transactions that were committed before it are never sent again. `nil` before 9.6, which does not tell.
    var confirmed: LSN?
    /// `reserved`, `extended`, `unreserved`, `lost`; `nil` before 13.
    var logStatus: String?
    /// Why it cannot be used any more, in the server's word. `nil` while it can, and before 16.
    var invalidation: String?
    /// Bytes of log that are kept for it.
    var retained: UInt64?
    /// Bytes that may still be written before it is lost. `nil` without such a limit.
    var room: Int64?

    /// Why the server will not read from it any more. `nil` while it does.
    var loss: String? {
        if let invalidation { return "the server has invalidated it (\(invalidation))" }
        if logStatus == "lost" { return "the log it needs has been removed (wal_status is lost)" }
        return nil
    }
}

/// The questions about slots, as a server of one version understands them.
struct SlotQueries: Sendable {
    let server: ServerCapabilities

    /// One row for each slot. Read by ``SlotFacts/init(_:)``.
    var slots: String {
        let version = server.version
        let pid = version >= 90_500 ? "s.active_pid" : "CASE WHEN s.active THEN 0 END"
        let confirmed = version >= 90_600 ? "s.confirmed_flush_lsn" : "NULL"
        let status = version >= 130_000 ? "s.wal_status, s.safe_wal_size" : "NULL, NULL"
        let invalidation =
            switch version {
            case 170_000...: "s.invalidation_reason"
            case 160_000..<170_000: "CASE WHEN s.conflicting THEN 'conflict with recovery' END"
            default: "NULL"
            }
        let name =
            version >= 90_500
            ? "(SELECT a.application_name || ' of ' || a.usename FROM pg_catalog.pg_stat_activity a WHERE a.pid = s.active_pid)"
            : "NULL"
        return """
            SELECT s.slot_name, s.plugin, s.database, \(pid), \(name), s.restart_lsn, \(confirmed), \(status),
              \(invalidation), \(server.logDifference)(\(server.flushedPosition), s.restart_lsn)::pg_catalog.int8
            FROM pg_catalog.pg_replication_slots s
            """
    }
}

extension SlotFacts {
    init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        name = try row.text()
        plugin = try row.optional()
        database = try row.optional()
        activePID = try row.optionalNumber()
        activeName = try row.optional()
        restart = try row.optional().flatMap { LSN($0) }
        confirmed = try row.optional().flatMap { LSN($0) }
        logStatus = try row.optional()
        room = try row.optionalNumber()
        invalidation = try row.optional()
        retained = try row.optionalNumber(Int64.self).map { UInt64(max(0, $0)) }
    }

    /// Every slot of the server.
    static func all(_ session: Session) throws -> [SlotFacts] {
        do {
            return try session.query(SlotQueries(server: session.capabilities).slots).rows.map(SlotFacts.init)
        } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "its list of slots")
        }
    }
}
