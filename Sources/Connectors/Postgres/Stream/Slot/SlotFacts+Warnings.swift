import TandemCore

extension SlotFacts {
    /// What somebody should see to, of a slot that a sync reads.
    ///
    /// - Parameter limit: How much log it may keep before that is said.
    func warnings(limit: ByteSize) -> [Finding] {
        let subject = "slot \(name)"
        if let loss {
            return [
                Finding(
                    .error,
                    subject,
                    "It is lost, because \(loss). The next run has to copy every table again.",
                    remedy: Remedy(
                        "Run the sync; a slot that was made by hand is to be dropped first.",
                        sql: ["SELECT pg_drop_replication_slot(\(SQL.literal(name)))"]
                    )
                )
            ]
        }
        var findings: [Finding] = []
        if let retained, retained > limit.bytes {
            findings.append(
                Finding(
                    .warning,
                    subject,
                    "It keeps \(ByteSize(retained)) of log at the server, more than max_slot_wal (\(limit)).",
                    remedy: activePID == nil
                        ? Remedy("Run its sync, or tear it down if it is not needed any more.")
                        : Remedy("Look for a transaction that stays open, or what makes the destination slow.")
                )
            )
        }
        // The server's limit is near, or passed: what is kept goes with the next checkpoint.
        if let room, logStatus == "unreserved" || UInt64(max(0, room)) < (retained ?? 0) / 4 {
            findings.append(
                Finding(
                    .warning,
                    subject,
                    "The server gives it up after \(ByteSize(UInt64(max(0, room)))) more of log (max_slot_wal_keep_size).",
                    remedy: Remedy("Run its sync now, or raise max_slot_wal_keep_size.")
                )
            )
        }
        return findings
    }
}
