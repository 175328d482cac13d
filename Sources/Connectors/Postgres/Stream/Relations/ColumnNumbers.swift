import TandemRows

/// Finds out which numbers the columns have that a stream names: by the numbers it gives; else by their names, as they
/// were known before and as the catalog has them, and by how many there are, which have to agree.
///
/// The catalog is that of now, and the stream may be far behind it. Each line of it tells which transaction wrote it
/// last: what that was before the one of the stream is as the stream saw it. Where two readings are possible the table
/// is copied again, which is always right.
struct ColumnNumbers {
    let relation: StreamRelation
    let known: TableSchema
    let catalog: CatalogRelation
    /// The relation is a partition, whose columns may stand in another order than its root's.
    let isPartition: Bool
    /// Whose change the relation came with, with its epoch.
    let transaction: UInt64

    /// The number of each column of the relation; `nil` for one that was never copied and is gone.
    func find() throws(NeedsCopy) -> [Int?] {
        let given = relation.columns.map(\.number)
        if !isPartition, !given.contains(nil) { return given }
        let (named, counted) = (try byNames(), byCounting())
        switch (named, counted) {
        case (let named?, let counted?) where named == counted: return named
        case (let named?, nil) where !mayBeOthers(named): return named
        case (nil, let counted?) where isLikeNow(counted): return counted
        default: throw NeedsCopy("its columns changed more than once since, and which is which cannot be told")
        }
    }

    // MARK: By names

    private func byNames() throws(NeedsCopy) -> [Int]? {
        var numbers: [Int] = []
        for column in relation.columns {
            guard let number = try number(of: column) else { return nil }
            numbers.append(number)
        }
        guard Set(numbers).count == numbers.count, isPartition || numbers == numbers.sorted() else { return nil }
        return numbers
    }

    private func number(of column: StreamRelation.Column) throws(NeedsCopy) -> Int? {
        let before = known.columns.first { $0.name.isExactly(column.name) }
        let now = catalog.columns.first { !$0.isDropped && $0.name.isExactly(column.name) }
        switch (before, now) {
        case (let before?, let now?):
            guard before.number == now.number else {
                throw NeedsCopy("its column \"\(column.name)\" is not the one of that name which was copied")
            }
            return before.number
        case (let before?, nil):
            // Gone by now, or renamed. One that took its name meanwhile, and has it no more, would look the same.
            let last = known.columns.map(\.number).max() ?? 0
            if catalog.column(before.number) == nil,
                catalog.columns.contains(where: { $0.number > last && $0.writer >= transaction })
            {
                throw NeedsCopy("its column \"\(column.name)\" was dropped, and columns after it came and went")
            }
            return before.number
        case (nil, let now?):
            // Of another type it need not be the same column.
            return Self.isSame(column, now) ? now.number : nil
        case (nil, nil): return nil
        }
    }

    static func isSame(_ column: StreamRelation.Column, _ now: CatalogRelation.Column) -> Bool {
        guard let type = column.type else { return true }
        return type == now.type && column.modifier == now.modifier
    }

    /// Whether a column that was not known before may be one that had its name for a while, and is gone since: one that
    /// was made before it and that the relation has not under another name.
    private func mayBeOthers(_ numbers: [Int]) -> Bool {
        let known = Set(known.columns.map(\.number))
        guard let last = numbers.filter({ !known.contains($0) }).max() else { return false }
        return catalog.columns.contains { other in
            other.number < last && other.isDropped && !isGone(other) && !numbers.contains(other.number)
        }
    }

    // MARK: By counting

    /// Columns are numbered as they come, and stand in that order. So how many there are tells which, of those that had
    /// not been dropped yet. `nil` where that cannot be: not every column is sent.
    private func byCounting() -> [Int]? {
        guard !isPartition, relation.isComplete else { return nil }
        let names = Set(relation.columns.map { TableName(schema: "", table: $0.name) })
        let sendsGenerated = catalog.columns.contains { column in
            column.isGenerated && names.contains(TableName(schema: "", table: column.name))
        }
        let all = catalog.columns.filter { !isGone($0) && (sendsGenerated || !$0.isGenerated) }
            .prefix(relation.columns.count)
        guard all.count == relation.columns.count else { return nil }
        for (sent, now) in zip(relation.columns, all) where now.writer < transaction {
            guard sent.name.isExactly(now.name), Self.isSame(sent, now) else { return nil }
        }
        return all.map(\.number)
    }

    /// Whether `column` was dropped before the stream's transaction.
    private func isGone(_ column: CatalogRelation.Column) -> Bool { column.isDropped && column.writer < transaction }

    /// Whether the columns of these numbers have the types that the stream tells, those that are still there.
    private func isLikeNow(_ numbers: [Int]) -> Bool {
        zip(relation.columns, numbers).allSatisfy { sent, number in
            catalog.column(number).map { Self.isSame(sent, $0) } ?? true
        }
    }
}
