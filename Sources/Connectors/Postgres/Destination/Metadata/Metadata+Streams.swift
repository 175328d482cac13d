import TandemCore
import TandemRows

extension Metadata {
    /// How far the stream of `sync` has been applied.
    func stream(of sync: String, by method: Method) throws -> StreamCheckpoint? {
        guard try exists() else { return nil }
        let question = """
            SELECT id, checkpoint, source_time FROM \(Self.table("streams")) WHERE sync = $1 AND method = $2
            """
        guard let row = try session.query(question, [sync, method.rawValue]).rows.first else { return nil }
        guard let id = row[0], let checkpoint = row[1] else {
            throw PostgresError.malformed(session.endpoint, what: "a row of \(Self.schema).streams")
        }
        return StreamCheckpoint(
            method: method,
            id: id,
            checkpoint: Checkpoint(checkpoint),
            time: row[2].flatMap { Double($0) }
        )
    }

    /// The statement that stores how far it has come.
    ///
    /// - Parameter isNew: It is to change no row where that is known already.
    static func advancing(to state: StreamCheckpoint, of sync: String, ifNew isNew: Bool) -> String {
        let values = [sync, state.method.rawValue, state.id, state.checkpoint.description].map(SQL.literal)
            .joined(separator: ", ")
        return """
            INSERT INTO \(table("streams")) AS s (sync, method, id, checkpoint, source_time)
            VALUES (\(values), \(state.time.map { "\($0)" } ?? "NULL"))
            ON CONFLICT (sync, method) DO UPDATE SET id = EXCLUDED.id, checkpoint = EXCLUDED.checkpoint,
              source_time = EXCLUDED.source_time, applied_at = EXCLUDED.applied_at
            """ + (isNew ? " WHERE (s.id, s.checkpoint) <> (EXCLUDED.id, EXCLUDED.checkpoint)" : "")
    }
}
