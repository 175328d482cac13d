import TandemRows

/// Finds out which numbers the columns have that a stream names: by the numbers it gives; by the catalog, if it is
/// still, or again, as the stream tells; else by what was known before.
///
/// The catalog is that of now, and the stream may be far behind it. Where both
/// readings are possible the table is copied again, which is always right.
struct ColumnNumbers {
    let relation: StreamRelation
    let known: TableSchema
    let catalog: CatalogRelation
    /// The relation is a partition, whose columns may stand in another order than its root's.
    let isPartition: Bool

    /// The number of each column of the relation; `nil` for one that was never copied and is gone.
    func find() throws(NeedsCopy) -> [Int?] {
        let given = relation.columns.map(\.number)
        if !isPartition, !given.contains(nil) { return given }
        var numbers: [Int?] = []
        for column in relation.columns {
            switch try number(of: column) {
            case .found(let number): numbers.append(number)
            case .unknown: return try byCounting()
            }
        }
        let found = numbers.compactMap(\.self)
        guard Set(found).count == found.count, isPartition || found == found.sorted() else {
            return try byCounting()
        }
        return numbers
    }

    private enum Answer { case found(Int), unknown }

    private func number(of column: StreamRelation.Column) throws(NeedsCopy) -> Answer {
        let before = known.columns.first { $0.name.isExactly(column.name) }
        let now = catalog.columns.first { !$0.isDropped && $0.name.isExactly(column.name) }
        switch (before, now) {
        case (let before?, let now?):
            guard before.number == now.number else {
                throw NeedsCopy("its column \"\(column.name)\" is not the one of that name which was copied")
            }
            return .found(before.number)
        case (let before?, nil):
            // Gone by now, or renamed. One that took its name meanwhile, and is gone too, would look the same.
            let isGone = catalog.column(before.number) == nil
            if isGone, let last = known.columns.map(\.number).max(),
                catalog.columns.contains(where: { $0.isDropped && $0.number > last })
            {
                throw NeedsCopy("its column \"\(column.name)\" was dropped, and columns after it came and went")
            }
            return .found(before.number)
        case (nil, let now?):
            // Of another type it need not be the same column.
            guard Self.isSame(column, now) else { return .unknown }
            return .found(now.number)
        case (nil, nil): return .unknown
        }
    }

    static func isSame(_ column: StreamRelation.Column, _ now: CatalogRelation.Column) -> Bool {
        guard let type = column.type else { return true }
        return type == now.type && column.modifier == now.modifier
    }

    /// As long as nothing was dropped, columns are numbered in their order without a gap, so that how many there are
    /// tells which.
    private func byCounting() throws(NeedsCopy) -> [Int?] {
        let all = catalog.columns.prefix(relation.columns.count)
        guard !isPartition, all.count == relation.columns.count,
            !catalog.columns.contains(where: \.isDropped), !catalog.columns.contains(where: \.isGenerated),
            zip(relation.columns, all).allSatisfy({ Self.isSame($0, $1) })
        else {
            throw NeedsCopy("its columns changed more than once since, and which is which cannot be told")
        }
        return all.map(\.number)
    }
}
