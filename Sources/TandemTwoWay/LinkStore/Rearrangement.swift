import GRDB
import TandemCore
import TandemRows

/// Brings a link store to other pairs and fields, within a transaction.
struct Rearrangement {
    private let db: Database

    init(_ db: Database) { self.db = db }

    func arrange(_ pairs: [PairLayout]) throws {
        try db.execute(sql: "UPDATE pair SET place = NULL")
        for (place, pair) in pairs.enumerated() {
            try db.execute(
                sql: "INSERT INTO pair (name, place) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET place = ?2",
                arguments: [pair.name, place]
            )
            guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM pair WHERE name = ?", arguments: [pair.name])
            else { continue }
            try arrange(pair.fields, of: id)
        }
        guard try StoredLayout(db).layouts == pairs else { throw LinkMisfit() }
    }

    private func arrange(_ names: [String], of pair: Int64) throws {
        let old = try StoredLayout.fields(of: pair, db)
        if names.elementsEqual(old.map(\.name), by: { $0.isExactly($1) }) { return }
        try db.execute(sql: "UPDATE field SET place = NULL WHERE pair = ?", arguments: [pair])
        for (place, name) in names.enumerated() {
            try db.execute(
                sql: """
                    INSERT INTO field (pair, name, place) VALUES (?1, ?2, ?3)
                    ON CONFLICT (pair, name) DO UPDATE SET place = ?3
                    """,
                arguments: [pair, name, place]
            )
        }
        let new = try StoredLayout.fields(of: pair, db)
        let places = Dictionary(uniqueKeysWithValues: old.enumerated().map { ($1.id, $0) })
        try move(pair, new.map { places[$0.id] })
    }

    /// - Parameter sources: Where each field was before.
    private func move(_ pair: Int64, _ sources: [Int?]) throws {
        let select = try RowStatement(db, LinkRow.query + "WHERE id > ? AND pair = ? ORDER BY id LIMIT 1000")
        let update = try RowStatement(db, "UPDATE link SET state = ?, content = ? WHERE id = ?")
        var last = Int64.min
        while true {
            select.bind(last, at: 1)
            select.bind(pair, at: 2)
            var links: [Link] = []
            while try select.step() { links.append(try LinkRow.link(select, pair: 0)) }
            for var link in links {
                link.move(sources)
                var writer = ByteWriter()
                writer.add(contentOf: link)
                update.bind(LinkState(link).rawValue, at: 1)
                update.bind(writer.bytes, at: 2)
                update.bind(link.id, at: 3)
                try update.run()
            }
            guard let end = links.last?.id else { return }
            last = end
        }
    }
}

extension Link {
    fileprivate mutating func move(_ sources: [Int?]) {
        base = base.map { old in sources.map { $0.map { old[$0] } ?? .none } }
        guard let fields = intent?.fields else { return }
        let places = Dictionary(
            uniqueKeysWithValues: sources.enumerated().compactMap { place, source in source.map { ($0, place) } }
        )
        intent?.fields = fields.compactMap { field in
            guard let place = places[field.index] else { return nil }
            var field = field
            field.index = place
            return field
        }
    }
}
