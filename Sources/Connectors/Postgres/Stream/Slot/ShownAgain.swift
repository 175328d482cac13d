import TandemCore
import TandemRows

/// What a slot shows again of what a destination has: where it is behind that, the server may have been put back to an
/// older copy of its disk, with the slot, and have written other things since up to and past the same place.
struct ShownAgain {
    let session: Session
    let plugin: PostgresConfig.Plugin
    /// What the stream is told by, under pgoutput.
    let publications: [String]

    /// Why what the slot shows is not what was applied. `nil` where it is, and where that cannot be asked: while the
    /// slot is being read, and of a state that does not say what came last.
    func gap(after state: StreamCheckpoint, _ slot: SlotFacts) throws -> String? {
        guard slot.activePID == nil, let reached = LogCheckpoint(state.checkpoint), let last = reached.last,
            let from = slot.confirmed, from < reached.position, !Self.hasShownNothing(reached, from)
        else { return nil }
        do {
            let shown = try lastCommit(in: slot.name, until: reached.position)
            let expected = last.time != nil && last.end > from ? last : nil
            if shown == expected { return nil }
            if last.time == nil, let shown, shown.end <= last.end { return nil }
        } catch let error as PostgresError where error.sqlState == "55006" /* it is being read */ {
            throw PostgresError.slotInUse(session.endpoint, slot: slot.name, holder: "another process")
        } catch let error as PostgresError where error.sqlState != nil && session.isOpen && !error.isTransient {
            return
                "The slot \"\(slot.name)\" is at \(from), before \(reached.position), which has been applied already, "
                + "and what it has in between cannot be compared with that (\(error.sqlState ?? "")): the server may have "
                + "been restored from an older copy of itself."
        }
        return
            "The slot \"\(slot.name)\" is at \(from), and what its log has from there to \(reached.position) is not "
            + "what has been applied: the server was restored from an older copy of itself, and went another way since."
    }

    /// A slot that was made by hand is behind where its stream begins until it is read for the first time.
    private static func hasShownNothing(_ reached: LogCheckpoint, _ from: LSN) -> Bool {
        reached.last.map { $0.time == nil && from < $0.end && reached.position == $0.end } ?? true
    }

    /// The last transaction that the slot has up to `end`. Takes nothing from it.
    private func lastCommit(in slot: String, until end: LSN) throws -> ShownCommit? {
        guard plugin == .pgoutput else {
            let ways = [("format-version", "2", "data LIKE '{\"action\":\"C\"%'"), ("include-lsn", "1", "true")]
            for (index, (option, value, isCommit)) in ways.enumerated() {
                let options = ["include-timestamp", "1", option, value]
                let time = "pg_catalog.substring(data, '\"timestamp\":\"([^\"]+)\"')::timestamptz"
                do {
                    return try last("pg_logical_slot_peek_changes", slot, end, options, isCommit, time)
                } catch let error as PostgresError where error.sqlState == "22023" && index + 1 < ways.count {
                    // An option that this plugin does not know.
                    continue
                }
            }
            return nil
        }
        let options = PgOutput.options(publications).flatMap { [$0.name, $0.value] }
        // Microseconds since 2000, the last field of the message.
        let digits = "'x' || pg_catalog.encode(pg_catalog.substring(data, 19, 8), 'hex')"
        let time = "timestamptz '2000-01-01 00:00+00' + (\(digits))::bit(64)::int8 * interval '1 microsecond'"
        let isCommit = "pg_catalog.get_byte(data, 0) = \(PgOutput.Kind.commit.rawValue)"
        return try last("pg_logical_slot_peek_binary_changes", slot, end, options, isCommit, time)
    }

    private func last(
        _ function: String,
        _ slot: String,
        _ end: LSN,
        _ options: [String],
        _ isCommit: String,
        _ time: String
    ) throws -> ShownCommit? {
        let list = options.map { SQL.literal($0) }.joined(separator: ", ")
        let row = try session.query(
            """
            SELECT place, (pg_catalog.date_part('epoch', t.time) * 1000000)::pg_catalog.int8
            FROM (
              SELECT place, \(time) AS time
              FROM pg_catalog.\(function)($1::pg_catalog.name, $2::pg_catalog.pg_lsn, NULL, \(list)) AS s(place, xid, data)
              WHERE place <= $2::pg_catalog.pg_lsn AND \(isCommit) ORDER BY place DESC LIMIT 1
            ) t
            """,
            [slot, end.description]
        ).rows.first
        guard let row, let place = row[0].flatMap({ LSN($0) }) else { return nil }
        return ShownCommit(end: place, time: row[1].flatMap { Int64($0) } ?? 0)
    }
}
