/// How far a sync has read, as its source knows it: a line of `tandem.readers`.
///
/// What is given to a destination is noted here first, and durably. So a source that does not show what the destination
/// has is an older copy of itself, or a standby that had not received all: whatever it was given shows in the source as
/// it was when that was noted. A run that is killed leaves the source ahead, or as far.
struct TriggerPlace {
    /// What the destination has made durable: a snapshot's text.
    var confirmed: String
    /// What it may have. `nil` where an earlier version wrote the line.
    var given: String?

    /// `nil` where there is no line.
    static func read(of reader: String, _ session: Session) throws -> Self? {
        let given = try isKept(session) ? "given" : "NULL"
        let question = "SELECT place, \(given) FROM \(TriggerNames.readers) WHERE sync = $1"
        guard let row = try session.query(question, [reader]).rows.first, row.count == 2, let confirmed = row[0] else {
            return nil
        }
        return Self(confirmed: confirmed, given: row[1])
    }

    /// Whether the table has room for what was given. An earlier version's has none, until it is set up again.
    static func isKept(_ session: Session) throws -> Bool {
        let question = """
            SELECT EXISTS (
              SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = '\(TriggerNames.schema)' AND c.relname = 'readers' AND a.attname = 'given'
                AND NOT a.attisdropped)
            """
        return try session.query(question).value == "t"
    }

    /// Writes the line of `reader`. Once it returns, it and all that was committed before outlast a crash.
    func note(of reader: String, through session: Session) throws {
        let values = [reader, confirmed].map(SQL.literal)
        let name = given == nil ? "" : ", given"
        let value = given.map { ", " + SQL.literal($0) } ?? ""
        let setting = given.map { ", given = " + SQL.literal($0) } ?? ""
        // As one message, so that it costs one round trip.
        try session.begin(
            .readWrite,
            then: """
                SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
                WHERE pg_catalog.current_setting('synchronous_commit') = 'off';
                UPDATE \(TriggerNames.readers) SET place = \(values[1]), seen = pg_catalog.now()\(setting)
                WHERE sync = \(values[0]);
                INSERT INTO \(TriggerNames.readers) (sync, place, seen\(name))
                SELECT \(values.joined(separator: ", ")), pg_catalog.now()\(value)
                WHERE NOT EXISTS (SELECT FROM \(TriggerNames.readers) WHERE sync = \(values[0]))
                """
        )
        try session.execute("COMMIT")
    }
}
