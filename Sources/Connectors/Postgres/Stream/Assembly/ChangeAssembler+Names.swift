import TandemRows

extension ChangeAssembler {
    /// Makes sure that the changes which came under a table's name are its own.
    ///
    /// The catalog is later than the changes. As long as it has the table under
    /// the name that they came under, or nobody under it, no other table had it.
    mutating func confirmNames() throws {
        let followed = tables.indices.filter { tables[$0].reason == nil }
        guard !followed.isEmpty else { return }
        let names = try catalog.names(of: followed.map { tables[$0].schema.id })
        for index in followed {
            let schema = tables[index].schema
            let now = names[schema.id]
            if now?.name != schema.name, try catalog.number(of: schema.name.schema, schema.name.table) != nil {
                giveUp(index, "another table has its name now, and the log tells tables by their names")
            } else if now?.isTold == false {
                // This plugin passes them over without a word.
                giveUp(index, "the log does not tell any more which of its rows are updated or deleted")
            }
        }
    }

    /// Gives up the tables that changes under a name may belong to which nobody has by now: one that was renamed more
    /// than once, and one whose partition is gone. Without effect where the stream tells numbers, or the name is
    /// somebody's.
    ///
    /// - Returns: Whether there is such a table, given up or not because its copy shows these changes.
    mutating func giveUpOwners(of relation: UInt32, in transaction: TransactionStart) throws -> Bool {
        guard let described = relations[relation], described.table == nil,
            try catalog.number(of: described.schema, described.name) == nil
        else { return false }
        let followed = tables.indices.filter { tables[$0].reason == nil }
        guard !followed.isEmpty else { return false }
        let names = try catalog.names(of: followed.map { tables[$0].schema.id })
        if partitioned == nil { partitioned = try catalog.partitioned(numbers.keys) }
        var mayBeOurs = false
        for index in followed {
            let schema = tables[index].schema
            let isRenamed = names[schema.id].map { $0.name != schema.name } ?? false
            let columns = Set(schema.columns.map(\.name))
            // Any table may be dropped; a partition has the columns of its table, of which a change may name the key.
            let named = Set(described.columns.map(\.name))
            let isAlike = columns.isSubset(of: named) || named.isSubset(of: columns)
            let isPartition = partitioned?.contains(schema.id) == true && isAlike
            guard isRenamed || isPartition else { continue }
            mayBeOurs = true
            guard !tables[index].shows(transaction, number: transactionNumber) else { continue }
            giveUp(
                index,
                isRenamed
                    ? "it was renamed more than once, and the log tells tables by their names"
                    : "one of its partitions is gone, and the log tells tables by their names"
            )
        }
        return mayBeOurs
    }
}
