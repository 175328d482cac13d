import TandemCore

/// Finds out how far a sync that reads what triggers note is behind.
struct TriggerStatus {
    let session: Session
    let config: PostgresConfig

    /// After as much time, in seconds, nobody reads any more.
    private static let silence = 30.0

    func status(of sync: String, _ project: String) throws -> StreamStatus {
        var status = StreamStatus(method: .triggerBased, slot: TriggerNames.schema + ".log_*")
        guard try CaptureStates(session).exists(TriggerNames.readers),
            let row = try session.query(
                """
                SELECT extract(epoch FROM pg_catalog.now() - seen), (
                  SELECT sum(pg_catalog.pg_total_relation_size(c.oid)) FROM \(TriggerNames.captures) k
                    JOIN pg_catalog.pg_class c ON c.oid = k.log)
                FROM \(TriggerNames.readers)
                WHERE sync = $1 OR pg_catalog.left(sync, pg_catalog.length($2)) = $2 ORDER BY seen DESC LIMIT 1
                """,
                [sync, TriggerReader.prefix(of: sync, in: project)]
            ).rows.first, row.count == 2
        else { return status }
        let silence = row[0].flatMap { Double($0) } ?? 0
        status.exists = true
        status.isRead = silence < Self.silence
        status.kept = row[1].flatMap { Int($0) } ?? 0
        if status.isRead { status.delay = max(0, silence) }
        let limit = config.maxNotes ?? .standard
        let kept = ByteSize(UInt64(status.kept ?? 0))
        if kept.bytes > limit.bytes {
            status.warnings = [
                Finding(
                    .warning,
                    "triggers",
                    "What they note has grown to \(kept), beyond max_log (\(limit)): runs of every sync that reads it clean it.",
                    remedy: Remedy("Run the sync; or, if it is not used any more, `tandem teardown`.")
                )
            ]
        }
        return status
    }
}
