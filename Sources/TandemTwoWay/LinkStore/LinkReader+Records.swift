import GRDB
import TandemCore
package import TandemRows

extension LinkReader {
    package struct OpenIssue: Hashable, Sendable {
        package var subject: Subject
        package var issue: RecordIssue
    }

    /// A ``LoggedConflict``, with names.
    package struct Conflict: Hashable, Sendable {
        package var id: Int64
        package var subject: Subject
        package var field: String
        package var kind: LoggedConflict.Kind
        package var loser: Side
        package var lost: Value?
        package var won: Value?
        package var time: Double
    }

    /// A ``HistoryEntry``, with names.
    package struct Entry: Hashable, Sendable {
        package var id: Int64
        package var subject: Subject
        package var kind: WriteKind
        package var side: Side
        package var fields: [String]
        package var reason: HistoryEntry.Reason
        package var time: Double
    }

    /// The oldest first.
    package func issues(_ filter: Filter = Filter()) async throws(LinkStoreError) -> [OpenIssue] {
        try await file.snapshot { db in
            var issues: [OpenIssue] = []
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT item, name, kind, field, side, cause, code, since FROM issue JOIN pair ON pair.id = issue.pair
                    WHERE pair.place IS NOT NULL AND (?1 IS NULL OR name = ?1) AND since >= ?2
                    ORDER BY since, item, issue.place
                    """,
                arguments: [filter.pair, filter.since ?? -.infinity]
            )
            while issues.count < filter.limit, let row = try rows.next() {
                let item = try ByteReader.read((row[0] as DatabaseBytes).bytes) { (reader) throws(MalformedBytes) in
                    try reader.item()
                }
                let subject = try Self.subject(item, row[1], db)
                guard filter.isMet(by: subject) else { continue }
                issues.append(OpenIssue(subject: subject, issue: try Self.issue(row)))
            }
            return issues
        }
    }

    /// The newest first.
    package func conflicts(_ filter: Filter = Filter()) async throws(LinkStoreError) -> [Conflict] {
        try await log("conflict", filter) { row, subject, names in
            guard let kind = LoggedConflict.Kind(rawValue: row["kind"]), let loser = Side(rawValue: row["loser"]) else {
                throw MalformedBytes(place: 0)
            }
            return Conflict(
                id: row["id"],
                subject: subject,
                field: names[row["field"]] ?? "",
                kind: kind,
                loser: loser,
                lost: try Self.value(row["lost"]),
                won: try Self.value(row["won"]),
                time: row["time"]
            )
        }
    }

    /// The newest first.
    package func history(_ filter: Filter = Filter()) async throws(LinkStoreError) -> [Entry] {
        try await log("history", filter) { row, subject, names in
            guard let kind = WriteKind(rawValue: row["kind"]), let side = Side(rawValue: row["side"]),
                let reason = HistoryEntry.Reason(rawValue: row["reason"])
            else { throw MalformedBytes(place: 0) }
            let fields = try ByteReader.read((row["fields"] as DatabaseBytes).bytes) {
                (reader) throws(MalformedBytes) in
                var fields: [Int64] = []
                while !reader.isAtEnd { fields.append(Int64(try reader.index())) }
                return fields
            }
            return Entry(
                id: row["id"],
                subject: subject,
                kind: kind,
                side: side,
                fields: fields.map { names[$0] ?? "" },
                reason: reason,
                time: row["time"]
            )
        }
    }

    /// - Parameter table: It has a link, a pair and a time.
    private func log<Thing: Sendable>(
        _ table: String,
        _ filter: Filter,
        _ make: @escaping @Sendable (Row, Subject, _ names: [Int64: String]) throws -> Thing
    ) async throws(LinkStoreError) -> [Thing] {
        try await file.snapshot { db in
            let names = Dictionary(
                uniqueKeysWithValues: try Row.fetchAll(db, sql: "SELECT id, name FROM field").map {
                    ($0[0] as Int64, $0[1] as String)
                }
            )
            let (left, right) = filter.keys
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT \(table).*, pair.name AS pair_name FROM \(table) JOIN pair ON pair.id = \(table).pair
                    WHERE pair.place IS NOT NULL AND (?1 IS NULL OR pair.name = ?1) AND time >= ?2
                        AND (?3 IS NULL AND ?4 IS NULL OR link IN (
                            SELECT id FROM link WHERE left_key = ?3 OR right_key = ?4
                            UNION ALL SELECT id FROM removed_link WHERE left_key = ?3 OR right_key = ?4))
                    ORDER BY \(table).id DESC LIMIT ?5
                    """,
                arguments: [filter.pair, filter.since ?? -.infinity, left, right, filter.limit]
            )
            var things: [Thing] = []
            while let row = try rows.next() {
                let subject = try Self.subject(.link(row["link"]), row["pair_name"], db)
                things.append(try make(row, subject, names))
            }
            return things
        }
    }

    /// - Parameter item: With the file's number for its pair.
    private static func subject(_ item: WorkItem, _ pair: String, _ db: Database) throws -> Subject {
        var subject = Subject(pair: pair, link: nil, keys: Both(left: nil, right: nil))
        switch item {
        case .record(let side, _, let key): subject.keys[side] = key
        case .link(let id):
            subject.link = id
            let statement = try RowStatement(
                db,
                """
                SELECT left_key, right_key FROM link WHERE id = ?1
                UNION ALL SELECT left_key, right_key FROM removed_link WHERE id = ?1
                """
            )
            statement.bind(id, at: 1)
            defer { statement.reset() }
            guard try statement.step() else { break }
            if !statement.isNull(0) { subject.keys.left = try LinkRow.key(statement.bytes(0)) }
            if !statement.isNull(1) { subject.keys.right = try LinkRow.key(statement.bytes(1)) }
        }
        return subject
    }

    private static func issue(_ row: Row) throws(MalformedBytes) -> RecordIssue {
        guard let kind = RecordIssue.Kind(rawValue: row["kind"]) else { throw MalformedBytes(place: 0) }
        return RecordIssue(
            kind,
            field: row["field"],
            side: (row["side"] as Int?).flatMap(Side.init),
            cause: row["cause"],
            code: row["code"],
            since: row["since"]
        )
    }

    private static func value(_ bytes: DatabaseBytes?) throws(MalformedBytes) -> Value? {
        guard let bytes else { return nil }
        return try ByteReader.read(bytes.bytes) { (reader) throws(MalformedBytes) in try reader.value() }
    }
}

extension LinkReader.Filter {
    /// `nil` at a side where no key is wanted.
    fileprivate var keys: (left: DatabaseBytes?, right: DatabaseBytes?) {
        guard let key else { return (nil, nil) }
        let bytes = DatabaseBytes(LinkRow.bytes(key.1))
        return (key.side == .right ? nil : bytes, key.side == .left ? nil : bytes)
    }

    fileprivate func isMet(by subject: LinkReader.Subject) -> Bool {
        guard let key else { return true }
        return Side.allCases.contains { (key.side ?? $0) == $0 && subject.keys[$0] == key.1 }
    }
}
