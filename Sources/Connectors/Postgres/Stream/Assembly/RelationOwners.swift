import TandemCore
import TandemRows

/// Which followed table a relation of the stream is, or is a partition of.
struct RelationOwners {
    var catalog: RelationCatalog
    /// Tables by the number of a partition.
    private var partitions: [UInt32: UInt32]
    /// Numbers of the followed tables that have partitions, once somebody wanted to know.
    private var partitioned: Set<UInt32>?

    init(catalog: RelationCatalog, partitions: [UInt32: UInt32]) {
        (self.catalog, self.partitions) = (catalog, partitions)
    }

    /// The followed table that `relation` is, or is a partition of, then with the partition's number.
    mutating func table(of relation: StreamRelation, in tables: FollowedTables) throws -> (table: Int, part: UInt32?)? {
        guard let number = relation.table else { return try named(relation, in: tables) }
        return try table(number, in: tables) { [catalog] in try catalog.relation(number)?.root }
    }

    /// The table of a relation that is known by its name alone.
    mutating func named(_ relation: StreamRelation, in tables: FollowedTables) throws -> (table: Int, part: UInt32?)? {
        let name = TableName(schema: relation.schema, table: relation.name)
        if let index = tables.all.firstIndex(where: { $0.schema.name == name }) { return (index, nil) }
        guard let number = try catalog.number(of: name.schema, name.table) else { return nil }
        return try table(number, in: tables) { [catalog] in try catalog.relation(number)?.root }
    }

    private mutating func table(
        _ number: UInt32,
        in tables: FollowedTables,
        root: () throws -> UInt32?
    ) throws -> (table: Int, part: UInt32?)? {
        if let index = tables.numbers[number] { return (index, nil) }
        if let root = partitions[number] { return tables.numbers[root].map { ($0, number) } }
        guard try !partitioned(of: tables).isEmpty, let root = try root(), let index = tables.numbers[root] else {
            return nil
        }
        partitions[number] = root
        return (index, number)
    }

    private mutating func partitioned(of tables: FollowedTables) throws -> Set<UInt32> {
        if let partitioned { return partitioned }
        let found = try catalog.partitioned(tables.numbers.keys)
        partitioned = found
        return found
    }

    /// Other tables are followed from here on.
    mutating func forgetPartitioned() { partitioned = nil }

    /// Whether `relations` are all of the table at `index`: where it has partitions these alone are listed.
    func areWhole(_ relations: Set<UInt32>, of table: FollowedTable) throws -> Bool {
        try relations.isSuperset(of: catalog.leaves(of: table.schema.oid))
    }

    /// Gives up the tables that changes under a name may belong to which nobody has by now: one that was renamed more
    /// than once, perhaps there and back, and one whose partition is gone. Without effect where the stream tells
    /// numbers, or the name is somebody's.
    ///
    /// - Returns: Such tables, by their indexes, given up or not because the copy shows these changes.
    @discardableResult
    mutating func giveUpOwners(
        of relation: StreamRelation,
        in transaction: OpenTransaction,
        _ tables: inout FollowedTables
    ) throws -> [Int] {
        guard relation.table == nil, try catalog.number(of: relation.schema, relation.name) == nil else { return [] }
        let followed = tables.indices.filter { tables[$0].reason == nil }
        guard !followed.isEmpty else { return [] }
        let names = try catalog.names(of: followed.map { tables[$0].schema.oid })
        let partitioned = try partitioned(of: tables)
        var owners: [Int] = []
        for index in followed {
            let table = tables[index]
            // Any table may be dropped; a partition has the columns of its table.
            let isAlike = table.isLike(Set(relation.columns.map(\.name)))
            let isRenamed =
                names[table.schema.oid].map { now in
                    now.name != table.schema.name || isAlike && table.isRenamed(now)
                } ?? false
            let isPartition = partitioned.contains(table.schema.oid) && isAlike
            guard isRenamed || isPartition else { continue }
            owners.append(index)
            guard !tables[index].shows(transaction) else { continue }
            tables.giveUp(
                index,
                isRenamed
                    ? "it was renamed more than once, and the log tells tables by their names"
                    : "one of its partitions is gone, and the log tells tables by their names"
            )
        }
        return owners
    }
}
