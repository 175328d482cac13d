import TandemCore
import TandemRows

extension Metadata {
    /// How far the stream of `sync` has been applied.
    func stream(of sync: String) throws -> StreamState? {
        guard try exists() else { return nil }
        let question = "SELECT id, checkpoint, source_time FROM \(Self.table("streams")) WHERE sync = $1"
        guard let row = try session.query(question, [sync]).rows.first else { return nil }
        guard let id = row[0], let checkpoint = row[1] else {
            throw PostgresError.malformed(session.endpoint, what: "a row of \(Self.schema).streams")
        }
        return StreamState(id: id, checkpoint: Checkpoint(checkpoint), time: row[2].flatMap { Double($0) })
    }

    /// The statement that stores how far it has come.
    ///
    /// - Parameter isNew: It is to change no row where that is known already.
    static func advancing(to state: StreamState, of sync: String, ifNew isNew: Bool) -> String {
        let values = [sync, state.id, state.checkpoint.description].map(SQL.literal).joined(separator: ", ")
        return """
            INSERT INTO \(table("streams")) AS s (sync, id, checkpoint, source_time)
            VALUES (\(values), \(state.time.map { "\($0)" } ?? "NULL"))
            ON CONFLICT (sync) DO UPDATE SET id = EXCLUDED.id, checkpoint = EXCLUDED.checkpoint,
              source_time = EXCLUDED.source_time, applied_at = EXCLUDED.applied_at
            """ + (isNew ? " WHERE (s.id, s.checkpoint) <> (EXCLUDED.id, EXCLUDED.checkpoint)" : "")
    }
}
