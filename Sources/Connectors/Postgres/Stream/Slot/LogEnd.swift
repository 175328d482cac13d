/// Finds the end of the log.
enum LogEnd {
    /// A place behind everything that is committed by now. The server's log goes on behind it and is on disk, so that
    /// a stream passes it without waiting for anybody to write.
    ///
    /// Where it can, it writes a small message into the log for that, which concerns nobody.
    static func mark(_ session: Session) throws -> LSN {
        if session.capabilities.canEmitMessages, let place = try emit(session) { return place }
        guard let text = try session.query("SELECT \(session.capabilities.flushedPosition)").value,
            let place = LSN(text)
        else { throw PostgresError.malformed(session.endpoint, what: "its position in the log") }
        return place
    }

    /// `nil` where this user or server may not.
    private static func emit(_ session: Session) throws -> LSN? {
        do {
            return try session.transaction(.readWrite) {
                // Its commit makes all that is in the log before it safe, but does not wait for standbys.
                try session.execute("SET LOCAL synchronous_commit = local")
                return try session.query("SELECT pg_catalog.pg_logical_emit_message(true, 'tandem', '')").value
                    .flatMap { LSN($0) }
            }
        } catch let error as PostgresError where Self.isForbidden(error) { return nil }
    }

    private static func isForbidden(_ error: PostgresError) -> Bool {
        // Not granted; read-only; a standby; a host that replaced the function.
        ["42501", "25006", "55000", "0A000"].contains(error.sqlState ?? "")
    }
}
