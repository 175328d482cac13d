import Foundation

/// Tells every other run that what this one has loaded is no leftover: a transaction that holds an advisory lock and
/// nothing else, for as long as its connection lasts.
///
/// A transaction, because a pooler may give what belongs to a session to another client. It neither reads nor writes,
/// so it keeps the server from nothing.
// Unchecked because after it is made it is only closed, and that under the lock.
final class LoadLease: @unchecked Sendable {
    let ticket: Int64
    private let session: Session
    private let lock = NSLock()

    /// - Throws: ``PostgresError``.
    init(_ session: Session) throws {
        self.session = session
        var number = SystemRandomNumberGenerator()
        // Small numbers are what people choose for locks of their own.
        ticket = Int64.random(in: 1 << 32...Int64.max, using: &number)
        try session.begin(.readOnly)
        _ = try session.query("SELECT pg_catalog.pg_advisory_xact_lock($1)", [String(ticket)])
    }

    deinit { session.close() }

    /// Whether the lock is still held, as far as this end knows.
    var isHeld: Bool { lock.withLock { session.isAlive } }

    func close() { lock.withLock { session.close() } }
}
