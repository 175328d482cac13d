import TandemCore

/// Transactions that are open, told so that a person finds them: sessions by process, user and age, and prepared ones,
/// which belong to no session, with the statements that end them.
struct OpenTransactions {
    let session: Session

    /// At most this many are told of.
    private static let limit = 3

    /// Those that have a number, of all databases, this session's aside. A new slot waits for them.
    func numbered() throws -> [String] {
        try described("l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted", [])
    }

    /// Those among `numbers`, a list of the numbers that a snapshot gave.
    func numbered(_ numbers: String) throws -> [String] {
        try described(
            """
            l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND l.transactionid::text IN (
              SELECT (n % 4294967296)::text FROM unnest($1::pg_catalog.int8[]) AS n)
            """,
            [numbers]
        )
    }

    /// Those that `pg_locks` calls so.
    func virtual(_ names: String) throws -> [String] {
        try described("l.virtualtransaction = ANY ($1::pg_catalog.text[])", [names])
    }

    private func described(_ condition: String, _ parameters: [String?]) throws -> [String] {
        let question = """
            SELECT DISTINCT l.pid, a.usename, a.application_name,
              pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared))::text,
              p.gid, p.owner, p.database, coalesce(a.xact_start, p.prepared)
            FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
              LEFT JOIN pg_catalog.pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid'
                AND x.mode = 'ExclusiveLock' AND x.virtualtransaction = l.virtualtransaction
              LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid
            WHERE \(condition) AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
            ORDER BY 8
            """
        let rows = try session.query(question, parameters).rows.filter { $0.count == 8 }
        let told = rows.prefix(Self.limit).map(Self.sentence)
        return rows.count > Self.limit ? told + ["\(rows.count - Self.limit) more"] : told
    }

    private static func sentence(_ row: [String?]) -> String {
        let age = row[3].map { ", open for \($0)" } ?? ""
        if let gid = row[4] {
            let place = row[6].map { " in database \"\($0)\"" } ?? ""
            return "the prepared transaction \(SQL.literal(gid)) of user \"\(row[5] ?? "")\"\(place)\(age), which "
                + "COMMIT PREPARED \(SQL.literal(gid)) or ROLLBACK PREPARED \(SQL.literal(gid)) ends"
        }
        guard let pid = row[0] else { return "a prepared transaction\(age)" }
        let name = row[2].map { $0.isEmpty ? "" : " (\($0))" } ?? ""
        return "process \(pid) of user \"\(row[1] ?? "")\"\(name)\(age)"
    }
}

extension [String] {
    /// As words of a sentence.
    var listed: String { isEmpty ? "transactions that have ended meanwhile" : joined(separator: "; ") }
}
