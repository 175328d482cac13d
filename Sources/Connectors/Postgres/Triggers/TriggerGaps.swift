/// Changes that could not be noted. A line of `tandem.gaps` says so for all transactions that wrote while it was open:
/// they do not add lines of their own, so that what a table lacks does not grow.
///
/// So whoever is about to copy a table anew closes its lines first and lets these transactions end. Those that come
/// later open another. What a snapshot shows from then on has all of them.
struct TriggerGaps {
    let session: Session
    let notify: @Sendable (String) -> Void

    /// Before a snapshot is taken that answers the gaps of `relations`. Returns at once where there are none.
    ///
    /// The lines stay, for other syncs that read the table.
    ///
    /// - Returns: As ``OpenWriters/writers(of:limit:)``.
    @discardableResult
    func close(_ relations: [UInt32], limit: Duration? = nil) throws -> [UInt32: [String]] {
        guard try CaptureStates(session).exists(TriggerNames.gaps) else { return [:] }
        let list = "{" + relations.map(String.init).joined(separator: ",") + "}"
        let chosen = "relation = ANY ($1::pg_catalog.oid[])"
        let question = "SELECT DISTINCT relation FROM \(TriggerNames.gaps) WHERE \(chosen)"
        let found = try session.query(question, [list]).rows.compactMap { $0.first??.description }.compactMap(
            UInt32.init
        )
        guard !found.isEmpty else { return [:] }
        try session.transaction(.readWrite) {
            _ = try session.query("UPDATE \(TriggerNames.gaps) SET is_open = false WHERE \(chosen) AND is_open", [list])
        }
        return try OpenWriters(session: session, notify: notify).writers(of: found, limit: limit)
    }
}
