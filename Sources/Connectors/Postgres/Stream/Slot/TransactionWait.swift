/// How long a new stream waits for transactions that are open: what they do is in the log in part only.
struct TransactionWait: Sendable {
    /// While one is prepared, which nobody may remember.
    var prepared: Duration = .seconds(60)
    /// While sessions have one open, which may be at work.
    var working: Duration = .seconds(600)

    func limit(_ session: Session) throws -> Duration {
        let isPrepared = try session.query("SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts)").value == "t"
        return isPrepared ? prepared : working
    }

    /// The error that tells of it.
    func exceeded(_ limit: Duration, waitingFor what: String, _ session: Session) throws -> PostgresError {
        let open = try OpenTransactions(session: session).numbered()
        return .openTransactions(
            session.endpoint,
            what: what,
            seconds: Int(limit.components.seconds),
            open: open.listed
        )
    }
}

extension Duration {
    var milliseconds: Int { Int(self / .milliseconds(1)) }
}
