import TandemCore

/// Carries out a ``PublicationPlan``.
struct Publishing {
    let session: Session
    let notify: @Sendable (String) -> Void

    /// Tables that are added in one transaction, which holds a lock on each of them.
    private static let batch = 50

    /// Runs the plan's steps, and adds its tables some at a time. What a transaction that is open now has written to a
    /// new table may be missing in the stream, so a copy has to wait for it (``OpenWriters``).
    ///
    /// - Returns: Tables that could not be added, because others hold locks on them.
    /// - Throws: ``PostgresError``, transient where a table has another name by now.
    func run(_ plan: PublicationPlan) throws -> [PublicationPlan.Left] {
        guard !plan.steps.isEmpty || !plan.additions.isEmpty else { return [] }
        var left: [PublicationPlan.Left] = []
        do {
            if !plan.steps.isEmpty { try change(plan.steps) }
            for addition in plan.additions {
                var rest = addition.tables[...]
                while !rest.isEmpty {
                    left += try add(rest.prefix(Self.batch), to: addition.publication)
                    rest = rest.dropFirst(Self.batch)
                }
            }
        } catch PostgresError.server(let place, "42P01" /* no such table */, _, let message) {
            throw PostgresError.catalogChanged(place, message: message)
        }
        return left
    }

    /// - Returns: Those of `tables` that are locked.
    private func add(_ tables: ArraySlice<PublishedTable>, to publication: String) throws -> [PublicationPlan.Left] {
        let statement = PublicationPlan.Addition.statement(publication, tables)
        do {
            let patience = LockRetry(session, limit: tables.count == 1 ? .seconds(2) : .zero, notify)
            try patience.run { try change([statement], adding: tables) }
            return []
        } catch PostgresError.lockTimeout(_, let message) {
            guard tables.count == 1 else {
                return try tables.flatMap { try add([$0], to: publication) }
            }
            let reason =
                "it could not be added to the publication \"\(publication)\", because it is locked (\(message))"
            return tables.map { PublicationPlan.Left(table: $0, reason: reason) }
        }
    }

    private func change(_ steps: [String], adding tables: ArraySlice<PublishedTable> = []) throws {
        try session.transaction(.readWrite) {
            // An application that waits for us waits no longer than this.
            try session.execute("SET LOCAL lock_timeout = '2s'")
            if session.capabilities.losesChangesOfNewTables, !tables.isEmpty {
                try session.execute(LockRetry.timeout(locks: tables.count))
                let names = tables.map { SQL.name($0.name) }.joined(separator: ", ")
                // Not permitted to everybody; the wait below does nearly as well.
                try attempt("LOCK TABLE \(names) IN SHARE ROW EXCLUSIVE MODE")
            }
            for step in steps { try session.execute(step) }
        }
    }

    private func attempt(_ sql: String) throws {
        try session.execute("SAVEPOINT tandem")
        do { try session.execute(sql) } catch PostgresError.insufficientPrivilege {
            try session.execute("ROLLBACK TO SAVEPOINT tandem")
        }
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
    /// - Parameters:
    ///   - naming: Tells of those that are open.
    ///   - limit: Gives up after it; `nil` for never.
    /// - Returns: Whether it came to be 0.
    @discardableResult
    func wait(
        for what: String,
        counting count: String,
        _ parameters: [String?] = [],
        naming: () throws -> [String],
        limit: Duration? = nil
    ) throws -> Bool {
        let start = ContinuousClock.now
        var pause = 2
        var hasTold = false
        while let number = try session.query(count, parameters).value, number != "0" {
            let waited = start.duration(to: .now)
            if let limit, waited >= limit { return false }
            if !hasTold, waited > .seconds(2) {
                notify("waiting for \(what): \(try naming().listed)")
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
            naming: { try OpenTransactions(session: session).numbered(Self.numbers(in: snapshot)) },
            limit: limit
        )
    }

    /// The transactions that were open, of a snapshot's text, as an array.
    private static func numbers(in snapshot: String) -> String {
        let parts = snapshot.split(separator: ":", omittingEmptySubsequences: false)
        return "{\(parts.count > 2 ? parts[2] : "")}"
    }
}
