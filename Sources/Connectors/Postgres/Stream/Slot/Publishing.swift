import TandemCore

/// Carries out a ``PublicationPlan``.
struct Publishing {
    let session: Session
    let notify: @Sendable (String) -> Void

    /// Runs the plan's steps in one transaction. What a transaction that is open now has written to a new table may be
    /// missing in the stream, so a copy has to wait for it (``awaitWriters(of:)``).
    ///
    /// - Throws: ``PostgresError``, transient where a lock was not free or a table has another name by now.
    func run(_ plan: PublicationPlan) throws {
        guard !plan.steps.isEmpty else { return }
        do { try change(plan) } catch PostgresError.server(let place, "42P01" /* no such table */, _, let message) {
            throw PostgresError.catalogChanged(place, message: message)
        }
        try awaitWriters(of: plan.added.map(\.id))
    }

    private func change(_ plan: PublicationPlan) throws {
        try session.transaction(.readWrite) {
            // An application that waits for us waits no longer than this.
            try session.execute("SET LOCAL lock_timeout = '2s'")
            if session.capabilities.losesChangesOfNewTables, !plan.added.isEmpty {
                try session.execute("SET LOCAL lock_timeout = '500ms'")
                let tables = plan.added.map { SQL.name($0.name) }.joined(separator: ", ")
                // Not permitted to everybody; the wait below does nearly as well.
                try attempt("LOCK TABLE \(tables) IN SHARE ROW EXCLUSIVE MODE")
            }
            for step in plan.steps { try session.execute(step) }
        }
    }

    private func attempt(_ sql: String) throws {
        try session.execute("SAVEPOINT tandem")
        do { try session.execute(sql) } catch PostgresError.insufficientPrivilege {
            try session.execute("ROLLBACK TO SAVEPOINT tandem")
        }
    }

    /// Waits for the transactions that have written to `tables`, or to their partitions, and are open now.
    func awaitWriters(of tables: [UInt32]) throws {
        try OpenWriters(session: session, notify: notify).wait(for: tables)
    }
}

/// Waits for other transactions to end, and says so if that takes long.
struct Patience {
    private let session: Session
    private let notify: @Sendable (String) -> Void

    init(_ session: Session, _ notify: @escaping @Sendable (String) -> Void) {
        self.session = session
        self.notify = notify
    }

    /// Asks `count` until it is 0.
    ///
    /// - Parameter limit: Gives up after it; `nil` for never.
    /// - Returns: Whether it came to be 0.
    @discardableResult
    func wait(
        for what: String,
        counting count: String,
        _ parameters: [String?] = [],
        limit: Duration? = nil
    ) throws -> Bool {
        let start = ContinuousClock.now
        var pause = 2
        var hasTold = false
        while let number = try session.query(count, parameters).value, number != "0" {
            let waited = start.duration(to: .now)
            if let limit, waited >= limit { return false }
            if !hasTold, waited > .seconds(2) {
                notify("waiting for \(what): \(number) are open")
                hasTold = true
            }
            try session.interruption.pause(milliseconds: pause)
            pause = min(pause * 2, 200)
        }
        return true
    }

    /// Waits for every transaction that is open now, and so for those that are written to the log as committed and
    /// are not visible yet.
    @discardableResult
    func waitForOpenTransactions(limit: Duration?) throws -> Bool {
        guard let snapshot = try session.query("SELECT pg_catalog.txid_current_snapshot()").value else { return true }
        return try wait(
            for: "transactions that were open before the stream began",
            counting: """
                SELECT count(*) FROM pg_catalog.txid_snapshot_xip($1::pg_catalog.txid_snapshot) AS x(id)
                WHERE NOT pg_catalog.txid_visible_in_snapshot(x.id, pg_catalog.txid_current_snapshot())
                """,
            [snapshot],
            limit: limit
        )
    }
}
