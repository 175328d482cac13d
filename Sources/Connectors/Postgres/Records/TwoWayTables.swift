import TandemCore
import TandemRows

/// Where the notes of two-way syncs are kept, beside the tables that they write to.
///
/// A sync has one line that says which session of it may commit. A transaction looks at that line when it is about to
/// be committed, and holds it until it is; a new session changes it. So one of an earlier session either is committed
/// before the new one reads the notes, or never.
struct TwoWayTables {
    static let sessions = Metadata.table("two_way_sessions")
    static let notes = Metadata.table("two_way_notes")
    static let names = ["two_way_sessions", "two_way_notes"]

    let session: Session
    /// As ``ConnectionContext/project``: two projects may think of one name for a sync.
    let project: String

    /// What makes them, for those who run it by hand, each statement without its semicolon.
    static let creation = [
        "CREATE SCHEMA IF NOT EXISTS \(SQL.identifier(Metadata.schema))",
        """
        CREATE TABLE IF NOT EXISTS \(sessions) (
          project text NOT NULL, sync text NOT NULL, session bigint NOT NULL, PRIMARY KEY (project, sync))
        """,
        """
        CREATE TABLE IF NOT EXISTS \(notes) (
          project text NOT NULL, sync text NOT NULL, number bigint NOT NULL, bytes bytea NOT NULL,
          PRIMARY KEY (project, sync, number))
        """,
    ]

    /// Makes what is missing. Inside a transaction.
    func prepare() throws {
        if try areUsable() { return }
        try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Metadata.lock))")
        if let stranger = try OwnTables.stranger(Self.names, session) {
            let name = TableName(schema: Metadata.schema, table: stranger)
            throw PostgresError.destination(session.endpoint, .strangeMetadata(name))
        }
        try session.makeSchema(Metadata.schema)
        try session.execute(Self.creation.dropFirst().joined(separator: "; "))
    }

    /// Whether they are there and this user may write to them.
    func areUsable() throws -> Bool {
        for name in Self.names where try !OwnTables.exists(name, session) { return false }
        let question = """
            SELECT bool_and(pg_catalog.has_table_privilege(t, 'SELECT') AND pg_catalog.has_table_privilege(t, 'INSERT')
              AND pg_catalog.has_table_privilege(t, 'UPDATE') AND pg_catalog.has_table_privilege(t, 'DELETE'))
            FROM pg_catalog.unnest($1::pg_catalog.regclass[]) AS t
            """
        return try session.query(question, ["{\(Self.sessions),\(Self.notes)}".replacing(bytes: "\"", with: "")]).value
            == "t"
    }

    /// Begins a session of `sync`, once transactions that are being committed are. Inside a transaction, which is to be
    /// committed before the notes are read.
    ///
    /// - Returns: Its number.
    func claim(_ sync: String) throws -> Int {
        let statement = """
            INSERT INTO \(Self.sessions) AS s (project, sync, session) VALUES ($1, $2, 1)
            ON CONFLICT (project, sync) DO UPDATE SET session = s.session + 1 RETURNING session
            """
        guard let number = try session.query(statement, [project, sync]).value.flatMap({ Int($0) }) else {
            throw PostgresError.malformed(session.endpoint, what: "the number of a session")
        }
        return number
    }

    /// - Throws: ``PostgresError/streamGap(_:reason:)``
    func checkIsCurrent(_ number: Int, of sync: String) throws {
        let question = "SELECT session FROM \(Self.sessions) WHERE project = $1 AND sync = $2"
        guard try session.query(question, [project, sync]).value == String(number) else { throw shutOut(sync) }
    }

    /// Adds a note, as the last statement of a transaction of session `number`.
    func add(_ note: WriteNote, of sync: String, in number: Int, forgetting old: Int64) throws {
        let key = [BoundArray(text: project), BoundArray(text: sync)]
        let numbers = [Int64(number), note.number, old].map { BoundArray(numbers: [$0]) }
        let added = try session.rows(repeating: Self.addition, key + numbers + [BoundArray(bytes: note.bytes)])
        guard added.count == 1 else { throw shutOut(sync) }
    }

    private static let addition = """
        WITH fence AS (
          SELECT session FROM \(sessions) WHERE project = ($1)[1] AND sync = ($2)[1] FOR SHARE
        ), gone AS (
          DELETE FROM \(notes) WHERE project = ($1)[1] AND sync = ($2)[1] AND number <= ($5)[1]
        )
        INSERT INTO \(notes) (project, sync, number, bytes)
        SELECT ($1)[1], ($2)[1], ($4)[1], ($6)[1] FROM fence WHERE session = ($3)[1] RETURNING number
        """

    /// Notes behind `number`, in their order; those up to it are removed. Inside a transaction.
    func take(of sync: String, after number: Int64) throws -> [WriteNote] {
        let key = [BoundArray(text: project), BoundArray(text: sync), BoundArray(numbers: [number])]
        let place = "project = ($1)[1] AND sync = ($2)[1]"
        _ = try session.rows(
            repeating: "DELETE FROM \(Self.notes) WHERE \(place) AND number <= ($3)[1]",
            key
        )
        let rows = try session.rows(
            repeating: "SELECT number, bytes FROM \(Self.notes) WHERE \(place) AND number > ($3)[1] ORDER BY number",
            key
        )
        guard rows.count > 0 else { return [] }
        do {
            let bytes = try rows.decode(1, as: .bytes).column
            return try rows.numbers(0).enumerated().map { row, number in
                guard case .bytes(let bytes) = Value(row, of: bytes) else { throw MalformedCell() }
                return WriteNote(number: Int64(number), bytes: bytes)
            }
        } catch is MalformedCell {
            throw PostgresError.malformed(session.endpoint, what: "a note")
        }
    }

    /// Forgets `sync`. Inside a transaction.
    func remove(_ sync: String) throws {
        for table in [Self.notes, Self.sessions] {
            _ = try session.query("DELETE FROM \(table) WHERE project = $1 AND sync = $2", [project, sync])
        }
    }

    private func shutOut(_ sync: String) -> PostgresError {
        .streamGap(session.endpoint, reason: "another run of sync \"\(sync)\" has begun since")
    }
}
