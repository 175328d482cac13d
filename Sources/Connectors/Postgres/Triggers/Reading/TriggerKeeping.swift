import TandemCore
import TandemRows

/// Keeps at the source how far a sync has read, and removes from the logs what every sync has.
final class TriggerKeeping {
    private let reader: String
    private let relations: [UInt32]
    private let times: FeedTimes
    private var told: TriggerPlace
    private let keepsGiven: Bool
    private var toldAt = ContinuousClock.now
    private var cleanedAt = ContinuousClock.now
    /// Rows removed from each log since it was vacuumed.
    private var removed: [UInt32: Int] = [:]

    /// How often the logs are cleaned while they are followed.
    private static let cleaning = Duration.seconds(5)
    /// Rows that one statement removes at most, so that none takes long.
    private static let portion = 20_000
    /// Rows removed after which a log is vacuumed, so that their room is used again.
    private static let vacuumAfter = 50_000

    /// - Parameters:
    ///   - reader: What `tandem.readers` calls the sync.
    ///   - relations: The tables whose logs the sync reads.
    ///   - told: How far it has read as the source knows it.
    ///   - keepsGiven: Whether the source has room for what is given.
    init(reader: String, relations: [UInt32], told: String, keepsGiven: Bool, times: FeedTimes) {
        self.reader = reader
        self.relations = relations
        self.times = times
        self.keepsGiven = keepsGiven
        self.told = TriggerPlace(confirmed: told)
    }

    /// Notes that the destination may have `place` from now on. To be called before it is given that.
    func give(_ place: String, _ confirmed: Checkpoint?, through session: Session) throws {
        guard keepsGiven else { return }
        try say(confirmed, given: place, session)
    }

    /// Tells the source how far the destination is, now and then, and cleans up behind that.
    func tell(_ confirmed: Checkpoint?, through session: Session) throws {
        if toldAt.duration(to: .now) >= times.telling { try say(confirmed, given: told.given, session) }
        guard cleanedAt.duration(to: .now) >= Self.cleaning else { return }
        try clean(session)
    }

    /// The same, at the end.
    func end(_ confirmed: Checkpoint?, through session: Session) throws {
        try say(confirmed, given: told.given, session)
        try clean(session)
    }

    private func say(_ confirmed: Checkpoint?, given: String?, _ session: Session) throws {
        toldAt = .now
        let durable = confirmed.flatMap(TriggerCheckpoint.init)?.common ?? told.confirmed
        guard durable != told.confirmed || given != told.given else { return }
        let place = TriggerPlace(confirmed: durable, given: given)
        try place.note(of: reader, through: session)
        told = place
    }

    /// Notes which tables it reads, so that what notes the changes of one is removed with its last reader.
    static func note(_ relations: [UInt32], of reader: String, through session: Session) throws {
        // Made by a setup of an earlier version, in a schema where this user may make nothing.
        guard try CaptureStates(session).exists(TriggerNames.reading) else { return }
        let question = "SELECT relation FROM \(TriggerNames.reading) WHERE reader = $1"
        let known = Set(try session.query(question, [reader]).rows.compactMap { $0[0].flatMap { UInt32($0) } })
        let new = relations.filter { !known.contains($0) }
        guard !new.isEmpty else { return }
        try session.transaction(.readWrite) {
            let rows = new.map { "(\(SQL.literal(reader)), \($0))" }.joined(separator: ", ")
            try session.execute("INSERT INTO \(TriggerNames.reading) VALUES \(rows)")
        }
    }

    private func clean(_ session: Session) throws {
        cleanedAt = .now
        let places = try session.query("SELECT place FROM \(TriggerNames.readers)").rows.compactMap { $0[0] }
        guard !places.isEmpty else { return }
        let isDone = Set(places).map { place in
            "pg_catalog.txid_visible_in_snapshot(xid, \(SQL.literal(place))::pg_catalog.txid_snapshot)"
        }.joined(separator: " AND ")
        for relation in try used(isDone, session) {
            let count = try remove(from: TriggerNames.log(relation), isDone, session)
            removed[relation, default: 0] += count
            guard removed[relation, default: 0] >= Self.vacuumAfter else { continue }
            removed[relation] = 0
            try session.execute("VACUUM \(TriggerNames.log(relation))")
        }
        // An open one counts for transactions that are still to come.
        _ = try remove(from: TriggerNames.gaps, isDone + " AND NOT is_open", session)
    }

    /// The relations whose logs have rows that can go: most have none, and many are asked at once.
    private func used(_ condition: String, _ session: Session) throws -> [UInt32] {
        var used: [UInt32] = []
        for start in stride(from: 0, to: relations.count, by: 100) {
            let questions = relations[start..<min(start + 100, relations.count)].map { relation in
                "SELECT \(relation) WHERE EXISTS (SELECT FROM \(TriggerNames.log(relation)) WHERE \(condition))"
            }
            let rows = try session.query(questions.joined(separator: " UNION ALL ")).rows
            used += rows.compactMap { $0.first.flatMap { $0 }.flatMap { UInt32($0) } }
        }
        return used
    }

    /// - Returns: How many rows.
    private func remove(from table: String, _ condition: String, _ session: Session) throws -> Int {
        var total = 0
        while true {
            let count = try session.transaction(.readWrite) {
                try session.query(
                    """
                    WITH gone AS (
                      DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM \(table) WHERE \(condition) LIMIT \(Self.portion))) RETURNING 1)
                    SELECT count(*) FROM gone
                    """
                ).value.flatMap { Int($0) } ?? 0
            }
            total += count
            guard count == Self.portion else { return total }
            try session.interruption.check()
        }
    }
}
