import TandemRows

extension RelationResolution {
    /// What tells the rows apart from here on: indexes into `columns`.
    func identity(_ columns: [ColumnSchema]) throws(NeedsCopy) -> [Int] {
        var places: [Int: Int] = [:]
        for (place, column) in columns.enumerated() { places[column.number] = place }
        let before = known.identity.map { known.columns[$0].number }
        if let sent = try sentKey() {
            // What is null tells no row apart from others that have it too.
            if let nullable = sent.lazy.compactMap(catalog.column).first(where: { !$0.isNotNull }) {
                throw NeedsCopy("column \"\(nullable.name)\" of its replica identity may hold nulls")
            }
            // The order does not matter to whether they are the same, and stays.
            let numbers = Set(before) == Set(sent) ? before : sent
            let found = numbers.compactMap { places[$0] }
            guard found.count == numbers.count else {
                throw NeedsCopy("a column that tells its rows apart is not copied")
            }
            return found
        }
        // Old rows come whole, or never: what told the rows apart still does, if the server sees to it.
        let kept = before.compactMap { places[$0] }
        if !kept.isEmpty, kept.count == before.count, catalog.isKey(Set(before)) { return kept }
        // A key that holds at the end of a transaction only does not tell rows apart on the way there.
        let immediate = catalog.keys.filter(\.isImmediate)
        let usable = Set(columns.map(\.number).filter { catalog.column($0)?.isNotNull == true })
        return KeyCandidate.best(of: immediate, usable: usable)?.columns.compactMap { places[$0] } ?? []
    }

    /// The numbers of the columns that come with updates and deletes. `nil` where that is all of them, or none.
    private func sentKey() throws(NeedsCopy) -> [Int]? {
        guard relation.identity != nil else { return catalog.replicatedKey }
        guard relation.identity != .full, relation.identity != .nothing else { return nil }
        let keys = relation.columns.filter(\.isKey)
        guard !keys.isEmpty else { return nil }
        let numbers = try finding.find()
        return zip(relation.columns, numbers).filter(\.0.isKey).compactMap(\.1)
    }
}
