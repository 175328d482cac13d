import TandemCore
import TandemRows

extension ChangeAssembler {
    /// Makes sure that the changes which came under a table's name are its own, or gives it up.
    ///
    /// The catalog is later than the changes. As long as it has the table under
    /// the name that they came under, no other table had it, unless both have
    /// traded their names there and back since. A name that the table has no
    /// more may have been another one's, which has it still, has left it too, or
    /// is gone.
    mutating func confirmNames() throws {
        guard !numbers.isEmpty else { return }
        let names = try catalog.names(of: numbers.keys)
        let moved = tables.indices.filter { names[tables[$0].schema.oid]?.name != tables[$0].schema.name }
        for index in moved { try giveUpNamesake(of: index) }
        for index in moved where tables[index].reason == nil {
            let other = tables.indices.first { other in
                let isRenamed = names[tables[other].schema.oid].map(tables[other].isRenamed) ?? true
                return other != index && (moved.contains(other) || isRenamed)
                    && Self.areAlike(columns(of: other), columns(of: index))
            }
            // One that is gone by now may have had its name meanwhile.
            if hasGathered(index) { giveUp(index, "it was renamed, and the log tells tables by their names") }
            guard let other else { continue }
            for table in [index, other] {
                giveUp(table, "it was renamed like another one, and the log tells tables by their names")
            }
        }
        for index in tables.indices where names[tables[index].schema.oid]?.isTold == false {
            // This plugin passes them over without a word.
            giveUp(index, "the log does not tell any more which of its rows are updated or deleted")
        }
    }

    /// Whether changes came under the table's name that have not been given out: while it had that by the catalog.
    private func hasGathered(_ table: Int) -> Bool {
        tables[table].isTouched || tables[table].isHeld || closed.contains { $0.schema.oid == tables[table].schema.oid }
    }

    /// Gives up a table whose name another one has by now, and that one: changes that came under it may be of either.
    private mutating func giveUpNamesake(of table: Int) throws {
        let (id, name) = (tables[table].schema.oid, tables[table].schema.name)
        guard let namesake = try catalog.number(of: name.schema, name.table), namesake != id else { return }
        giveUp(table, "another table has its name now, and the log tells tables by their names")
        if let other = try numbers[namesake] ?? catalog.relation(namesake)?.root.flatMap({ numbers[$0] }) {
            giveUp(other, "it has the name now that another table had, and the log tells tables by their names")
        }
    }

    /// Gives up the tables of which changes were passed over in this transaction.
    mutating func giveUpUntold() throws {
        defer { untold = [] }
        guard let transaction, !isLeftOut else { return }
        for change in untold {
            let found: [Int]
            if let schema = change.schema {
                let relation = StreamRelation(number: 0, schema: schema, name: change.table, columns: [])
                found = try named(relation).map { [$0.table] } ?? []
            } else {
                found = tables.indices.filter { tables[$0].schema.name.table.isExactly(change.table) }
            }
            for table in found where !tables[table].shows(transaction, number: transactionNumber) {
                giveUp(table, "for a while the log did not tell which of its rows were updated or deleted")
            }
        }
    }

    private func columns(of table: Int) -> Set<String> { Set(tables[table].schema.columns.map(\.name)) }

    /// Whether a change of a table with some columns may pass for one of a table with others; it may name but a key.
    private static func areAlike(_ some: Set<String>, _ others: Set<String>) -> Bool {
        some.isSubset(of: others) || others.isSubset(of: some)
    }

    /// Gives up the tables that changes under a name may belong to which nobody has by now: one that was renamed more
    /// than once, perhaps there and back, and one whose partition is gone. Without effect where the stream tells
    /// numbers, or the name is somebody's.
    ///
    /// - Returns: Such tables, by their indexes, given up or not because the copy shows these changes.
    @discardableResult
    mutating func giveUpOwners(of relation: UInt32, in transaction: TransactionStart) throws -> [Int] {
        guard let described = relations[relation], described.table == nil,
            try catalog.number(of: described.schema, described.name) == nil
        else { return [] }
        let followed = tables.indices.filter { tables[$0].reason == nil }
        guard !followed.isEmpty else { return [] }
        let names = try catalog.names(of: followed.map { tables[$0].schema.oid })
        if partitioned == nil { partitioned = try catalog.partitioned(numbers.keys) }
        var owners: [Int] = []
        for index in followed {
            let schema = tables[index].schema
            // Any table may be dropped; a partition has the columns of its table.
            let isAlike = Self.areAlike(columns(of: index), Set(described.columns.map(\.name)))
            let isRenamed =
                names[schema.oid].map { now in
                    now.name != schema.name || isAlike && tables[index].isRenamed(now)
                } ?? false
            let isPartition = partitioned?.contains(schema.oid) == true && isAlike
            guard isRenamed || isPartition else { continue }
            owners.append(index)
            guard !tables[index].shows(transaction, number: transactionNumber) else { continue }
            giveUp(
                index,
                isRenamed
                    ? "it was renamed more than once, and the log tells tables by their names"
                    : "one of its partitions is gone, and the log tells tables by their names"
            )
        }
        return owners
    }
}
