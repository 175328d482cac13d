import GRDB
import TandemCore
import TandemRows

extension LinkWriting {
    /// How long what was done is remembered, in seconds, by the time of what was done last.
    static let historyAge: Double = 30 * 86_400
    /// As many entries are kept of all pairs together.
    static let historyLimit: Int64 = 1_000_000

    func store(_ history: [HistoryEntry]) throws {
        guard !history.isEmpty else { return }
        let insert = try RowStatement(
            db,
            "INSERT INTO history (link, pair, kind, side, reason, fields, time) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        for entry in history {
            var fields = ByteWriter()
            for field in entry.fields { fields.add(count: Int(try layout.id(of: field, in: entry.pair))) }
            insert.bind(entry.link, at: 1)
            insert.bind(try layout.id(of: entry.pair), at: 2)
            insert.bind(Int64(entry.kind.rawValue), at: 3)
            insert.bind(Int64(entry.side.rawValue), at: 4)
            insert.bind(Int64(entry.reason.rawValue), at: 5)
            insert.bind(fields.bytes, at: 6)
            insert.bind(entry.time, at: 7)
            try insert.run()
        }
        try prune(history.count, before: (history.map(\.time).max() ?? 0) - Self.historyAge)
    }

    /// Takes away some more of the oldest than have come, so that it comes to an end without a long wait.
    private func prune(_ added: Int, before time: Double) throws {
        guard let first = try Int64.fetchOne(db, sql: "SELECT min(id) FROM history"),
            let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM history")
        else { return }
        let end = first + Int64(2 * added + 100)
        let keeps = try Int64.fetchOne(
            db,
            sql: "SELECT id FROM history WHERE id >= ? AND id < ? AND time >= ? ORDER BY id LIMIT 1",
            arguments: [first, end, time]
        )
        let next = min(end, max(keeps ?? end, last - Self.historyLimit + 1))
        guard next > first else { return }
        try db.execute(sql: "DELETE FROM history WHERE id < ?", arguments: [next])
        try forget(100 + 2 * added)
    }

    /// Forgets the keys of links that are no more, once nothing is kept of them.
    private func forget(_ limit: Int) throws {
        try db.execute(
            sql: """
                DELETE FROM removed_link WHERE id IN (
                    SELECT id FROM removed_link WHERE removed_at < (SELECT min(id) FROM history)
                    ORDER BY removed_at LIMIT ?)
                """,
            arguments: [limit]
        )
    }
}
