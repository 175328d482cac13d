package import TandemCore
package import TandemRows

extension PostgresDestination {
    /// As the server's list of locks tells, so that nobody queues up behind a request of this.
    package func locked(
        among targets: [TableName],
        for use: TableUse
    ) async throws -> [TableName: any ExplainedError] {
        guard !targets.isEmpty else { return [:] }
        return try await connection.run { session in
            let locks = TableLocks(targets: targets, session: session)
            var held = try locks.held()
            switch use {
            case .writing: held = held.filter { TableLocks.keepingWritersOut.contains($0.mode) }
            case .replacing where held.isEmpty: return [:]
            case .replacing:
                // Who is still there after that may stay for long, and others have come and gone.
                try session.interruption.pause(milliseconds: 1000)
                held = try locks.held().filter { lock in held.contains { $0.isSameHolder(as: lock) } }
            }
            let errors = held.map { ($0.target, $0.error(at: session.endpoint)) }
            return Dictionary(errors) { first, _ in first }
        }
    }
}

/// What others have locked of some tables.
private struct TableLocks {
    let targets: [TableName]
    let session: Session

    /// The modes that conflict with the one that writing rows takes.
    static let keepingWritersOut: Set = [
        "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
    ]

    struct Lock {
        var target: TableName
        var mode: String
        /// `nil` for a transaction that is prepared.
        var process: String?
        /// What no other transaction of this server has at the same time.
        var transaction: String

        func isSameHolder(as other: Lock) -> Bool { target == other.target && transaction == other.transaction }

        func error(at endpoint: Endpoint) -> PostgresError {
            let holder = process.map { "process \($0)" } ?? "a prepared transaction"
            return .lockTimeout(endpoint, message: "\(holder) holds \(target) (\(mode))")
        }
    }

    func held() throws -> [Lock] {
        try session.transaction {
            let relations = try Relations(targets, in: session)
            let oids = targets.map { relations[$0]?.oid ?? 0 }
            let question = """
                SELECT w.number, l.mode, l.pid, l.virtualtransaction
                FROM pg_catalog.pg_locks l
                  JOIN unnest($1::pg_catalog.oid[]) WITH ORDINALITY AS w(relation, number) USING (relation)
                  JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
                WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                ORDER BY w.number, l.mode = 'AccessExclusiveLock' DESC
                """
            return try session.query(question, [SQL.array(oids.map(String.init))]).rows.map { cells in
                guard let number = cells[0].flatMap({ Int($0) }), targets.indices.contains(number - 1),
                    let mode = cells[1], let transaction = cells[3]
                else { throw PostgresError.malformed(session.endpoint, what: "a row of its locks") }
                return Lock(target: targets[number - 1], mode: mode, process: cells[2], transaction: transaction)
            }
        }
    }
}
