import GRDB
import TandemCore
import TandemRows

/// Puts changes into the tables of a link store, within a transaction.
struct LinkWriting {
    let db: Database
    let layout: StoredLayout

    init(_ db: Database, _ layout: StoredLayout) { (self.db, self.layout) = (db, layout) }

    func store(_ changes: LinkChanges) throws {
        // What is lost with a link tells that its keys are to be kept.
        try store(changes.conflicts)
        // One link may take a key that another one gives up, so that those with other keys go before they come.
        let others = try update(changes.links.values.sorted { $0.id < $1.id })
        try remove(changes.removed.sorted(), entries: changes.history.count)
        try replace(others)
        try store(changes.marks)
        try store(changes.issues)
        try store(changes.history)
        let last = max(changes.links.keys.max() ?? 0, changes.removed.max() ?? 0)
        try db.execute(
            sql: """
                UPDATE store SET
                    next_link = max(next_link, ?), note = coalesce(?, note),
                    left_cursor = coalesce(?, left_cursor), right_cursor = coalesce(?, right_cursor)
                """,
            arguments: [
                min(last, .max - 1) + 1, changes.note, changes.cursors.left?.description,
                changes.cursors.right?.description,
            ]
        )
    }

    /// Most links keep their keys, so that no index is written.
    ///
    /// - Returns: Those that are new, or have other keys than before.
    private func update(_ links: [Link]) throws -> [LinkImage] {
        let update = try RowStatement(
            db,
            "UPDATE link SET state = ?, content = ? WHERE id = ? AND pair = ? AND left_key IS ? AND right_key IS ?"
        )
        var others: [LinkImage] = []
        for link in links {
            guard layout.pairs.indices.contains(link.pair),
                link.base.left.count == layout.pairs[link.pair].fields.count,
                link.base.right.count == link.base.left.count
            else { throw LinkMisfit() }
            let image = LinkImage(link, pair: layout.pairs[link.pair].id)
            image.bind(to: update)
            try update.run()
            if update.changes == 0 { others.append(image) }
        }
        return others
    }

    private func replace(_ images: [LinkImage]) throws {
        let delete = try RowStatement(db, "DELETE FROM link WHERE id = ?")
        for image in images {
            delete.bind(image.id, at: 1)
            try delete.run()
        }
        let insert = try RowStatement(
            db,
            "INSERT INTO link (state, content, id, pair, left_key, right_key) VALUES (?, ?, ?, ?, ?, ?)"
        )
        for image in images {
            image.bind(to: insert)
            try insert.run()
        }
    }

    /// What is open of them goes too. Their keys are kept for what was done: until it is pruned, and for conflicts for
    /// ever.
    ///
    /// - Parameter entries: As many entries of history come with this.
    private func remove(_ ids: [LinkID], entries: Int) throws {
        guard !ids.isEmpty else { return }
        let keep = try RowStatement(
            db,
            """
            INSERT OR REPLACE INTO removed_link
            SELECT id, pair, left_key, right_key,
                CASE WHEN NOT EXISTS (SELECT 1 FROM conflict WHERE link = ?1)
                    THEN ?2 + coalesce((SELECT max(id) FROM history), 0) END
            FROM link WHERE id = ?1
            """
        )
        keep.bind(Int64(entries), at: 2)
        let delete = try RowStatement(db, "DELETE FROM link WHERE id = ?")
        let marks = try RowStatement(db, "DELETE FROM mark WHERE item = ?")
        let issues = try RowStatement(db, "DELETE FROM issue WHERE item = ?")
        for id in ids {
            for statement in [keep, delete] {
                statement.bind(id, at: 1)
                try statement.run()
            }
            for statement in [marks, issues] {
                statement.bind(Self.bytes(.link(id)), at: 1)
                try statement.run()
            }
        }
    }

    /// - Parameter item: With the file's number for its pair.
    private static func bytes(_ item: WorkItem) -> [UInt8] {
        var writer = ByteWriter()
        writer.add(item)
        return writer.bytes
    }

    private func pair(of item: WorkItem) throws -> Int64? {
        switch item {
        case .record(_, let pair, _): try layout.id(of: pair)
        case .link(let id): try Int64.fetchOne(db, sql: "SELECT pair FROM link WHERE id = ?", arguments: [id])
        }
    }

    private func store(_ marks: [WorkItem: Mark?]) throws {
        for (item, mark) in marks {
            let bytes = DatabaseBytes(Self.bytes(try layout.stored(item)))
            guard let mark else {
                try db.execute(sql: "DELETE FROM mark WHERE item = ?", arguments: [bytes])
                continue
            }
            try db.execute(
                sql: "INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?)",
                arguments: [bytes, try pair(of: item), mark.due, mark.attempts, mark.reason]
            )
        }
    }

    private func store(_ issues: [WorkItem: [RecordIssue]]) throws {
        for (item, issues) in issues {
            let bytes = DatabaseBytes(Self.bytes(try layout.stored(item)))
            try db.execute(sql: "DELETE FROM issue WHERE item = ?", arguments: [bytes])
            guard !issues.isEmpty else { continue }
            let pair = try pair(of: item)
            for (place, issue) in issues.enumerated() {
                try db.execute(
                    sql: "INSERT INTO issue VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        bytes, place, pair, issue.kind.rawValue, issue.field, issue.side?.rawValue, issue.cause,
                        issue.code, issue.since,
                    ]
                )
            }
        }
    }

    private func store(_ conflicts: [LoggedConflict]) throws {
        for conflict in conflicts {
            try db.execute(
                sql: """
                    INSERT INTO conflict (link, pair, field, kind, loser, lost, won, time)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    conflict.link, try layout.id(of: conflict.pair),
                    try layout.id(of: conflict.field, in: conflict.pair), conflict.kind.rawValue,
                    conflict.loser.rawValue, conflict.lost.map(DatabaseBytes.init),
                    conflict.won.map(DatabaseBytes.init),
                    conflict.time,
                ]
            )
        }
    }
}

/// A link as its row has it.
private struct LinkImage {
    let id: LinkID
    private let pair: Int64
    private let state: LinkState
    private let keys: Both<[UInt8]?>
    private let content: [UInt8]

    init(_ link: Link, pair: Int64) {
        id = link.id
        self.pair = pair
        state = LinkState(link)
        keys = link.keys.map { $0.map(LinkRow.bytes) }
        var writer = ByteWriter()
        writer.add(contentOf: link)
        content = writer.bytes
    }

    func bind(to statement: RowStatement) {
        statement.bind(state.rawValue, at: 1)
        statement.bind(content, at: 2)
        statement.bind(id, at: 3)
        statement.bind(pair, at: 4)
        statement.bind(keys.left, at: 5)
        statement.bind(keys.right, at: 6)
    }
}
