/// An order of tables in which those that foreign keys point at come first.
struct ForeignKeyOrder: Sendable {
    private var ranks: [UInt32: Int] = [:]

    /// - Parameter tables: By OID. Foreign keys that lead to others count where these lead back.
    init(of tables: [UInt32], in session: Session) throws {
        let question = """
            SELECT k.conrelid, k.confrelid FROM pg_catalog.pg_constraint k
            WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
            """
        let rows = tables.count > 1 ? try session.query(question).rows : []
        let keys = rows.compactMap { row -> (child: UInt32, parent: UInt32)? in
            guard let child = row[0].flatMap({ UInt32($0) }), let parent = row[1].flatMap({ UInt32($0) }) else {
                return nil
            }
            return (child, parent)
        }
        self.init(of: tables, keys: keys)
    }

    init(of tables: [UInt32], keys: [(child: UInt32, parent: UInt32)]) {
        let parents = Dictionary(grouping: keys, by: \.child).mapValues { $0.map(\.parent) }
        for table in tables.sorted() { place(table, parents, above: []) }
    }

    /// Parents before children; a circle is cut where it is met first.
    private mutating func place(_ table: UInt32, _ parents: [UInt32: [UInt32]], above: Set<UInt32>) {
        guard ranks[table] == nil, !above.contains(table) else { return }
        for parent in parents[table] ?? [] { place(parent, parents, above: above.union([table])) }
        if ranks[table] == nil { ranks[table] = ranks.count }
    }

    /// Lower for what has to be there earlier.
    func rank(_ table: UInt32) -> Int { ranks[table] ?? 0 }
}
