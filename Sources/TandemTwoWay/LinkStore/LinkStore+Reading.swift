import GRDB
import TandemCore
package import TandemRows

extension LinkStore {
    /// What a ``Reconciler`` begins with, and from where the sides' feeds are to go on; `nil` where nothing says so.
    package func start() async throws(LinkStoreError) -> (Reconciler.Start, cursors: Both<Checkpoint?>) {
        try await read { db, layout in
            var start = Reconciler.Start()
            var cursors = Both<Checkpoint?>(left: nil, right: nil)
            if let row = try Row.fetchOne(db, sql: "SELECT * FROM store") {
                start.nextLink = row["next_link"]
                start.note = row["note"]
                cursors.left = (row["left_cursor"] as String?).map(Checkpoint.init)
                cursors.right = (row["right_cursor"] as String?).map(Checkpoint.init)
            }
            let marks = try Row.fetchCursor(db, sql: "SELECT item, pair, due, attempts, reason FROM mark")
            while let row = try marks.next() {
                if let pair = row[1] as Int64?, layout.place(of: pair) == nil { continue }
                let item = try ByteReader.read((row[0] as DatabaseBytes).bytes) { (reader) throws(MalformedBytes) in
                    try reader.item()
                }
                guard let item = layout.item(item) else { continue }
                start.marks[item] = Mark(due: row[2], attempts: row[3], reason: row[4])
            }
            let unfinished = try RowStatement(db, LinkRow.query + "WHERE state & 1 ORDER BY id")
            while try unfinished.step() {
                if let link = try LinkRow.link(unfinished, layout) { start.unfinished.append(link) }
            }
            return (start, cursors)
        }
    }

    /// Those that `items` are about, of what there is.
    package func links(of items: [WorkItem]) async throws(LinkStoreError) -> [WorkItem: Link] {
        try await read { db, layout in
            var links: [WorkItem: Link] = [:]
            links.reserveCapacity(items.count)
            let byID = try RowStatement(db, LinkRow.query + "WHERE id = ?")
            let byKey = Both(
                left: try RowStatement(db, LinkRow.query + "WHERE pair = ? AND left_key = ?"),
                right: try RowStatement(db, LinkRow.query + "WHERE pair = ? AND right_key = ?")
            )
            for item in items {
                let statement: RowStatement
                switch item {
                case .link(let id):
                    statement = byID
                    statement.bind(id, at: 1)
                case .record(let side, let pair, let key):
                    statement = byKey[side]
                    statement.bind(try layout.id(of: pair), at: 1)
                    statement.bind(LinkRow.bytes(key), at: 2)
                }
                guard try statement.step() else { continue }
                defer { statement.reset() }
                if let link = try LinkRow.link(statement, layout) { links[item] = link }
            }
            return links
        }
    }

    /// Up to `limit` links of a pair behind `id`, by their ids; fewer, where no more follow.
    package func page(of pair: Int, after id: LinkID, limit: Int) async throws(LinkStoreError) -> [Link] {
        try await read { db, layout in
            let statement = try RowStatement(db, LinkRow.query + "WHERE id > ? AND pair = ? ORDER BY id LIMIT ?")
            statement.bind(id, at: 1)
            statement.bind(try layout.id(of: pair), at: 2)
            statement.bind(Int64(limit), at: 3)
            var links: [Link] = []
            while try statement.step() {
                if let link = try LinkRow.link(statement, layout) { links.append(link) }
            }
            return links
        }
    }
}

/// A row of the table of links.
enum LinkRow {
    static let query = "SELECT id, pair, left_key, right_key, content FROM link "

    static func bytes(_ key: RowKey) -> [UInt8] {
        var writer = ByteWriter()
        for value in key.values { writer.add(value) }
        return writer.bytes
    }

    static func key(_ bytes: UnsafeRawBufferPointer) throws(MalformedBytes) -> RowKey {
        var reader = ByteReader(bytes)
        return try reader.lastKey()
    }

    /// `nil` where its pair is not among the configuration's.
    static func link(_ row: RowStatement, _ layout: StoredLayout) throws -> Link? {
        guard let pair = layout.place(of: row.number(1)) else { return nil }
        let link = try Self.link(row, pair: pair)
        guard link.base.left.count == layout.pairs[pair].fields.count else { throw MalformedBytes(place: 0) }
        return link
    }

    static func link(_ row: RowStatement, pair: Int) throws(MalformedBytes) -> Link {
        var link = Link(id: row.number(0), pair: pair, fields: 0, keys: Both(left: nil, right: nil))
        if !row.isNull(2) { link.keys.left = try key(row.bytes(2)) }
        if !row.isNull(3) { link.keys.right = try key(row.bytes(3)) }
        var reader = ByteReader(row.bytes(4))
        try reader.content(of: &link)
        try reader.end()
        return link
    }
}
