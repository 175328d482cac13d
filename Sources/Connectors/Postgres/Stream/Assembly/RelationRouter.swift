import TandemCore
import TandemRows

/// Finds out, when the first change of a relation comes, what it is to the copies, and how its rows become theirs.
struct RelationRouter {
    /// What a relation's changes are for.
    enum Route {
        case ignored
        /// Described, and not looked up yet.
        case described(StreamRelation)
        case followed(RowMap)
        /// Of tables, by their indexes, whose copies show what has come so far: looked up again once one does not.
        case shown(StreamRelation, by: [Int])
        /// A table that has been given up.
        case dropped
    }

    let policy: UnfitPolicy
    let decimals: ColumnType
    let checksUTF8: Bool
    var owners: RelationOwners
    var routes: [UInt32: Route] = [:]
    /// What the relations of the stream are, as it described them last.
    var relations: [UInt32: StreamRelation] = [:]
    private var parts = DescribedParts()
    /// The relation of the last change, as long as no table has been given up since.
    var last: (relation: UInt32, losses: Int, map: RowMap)?

    init(_ request: StreamRequest, owners: RelationOwners, checksUTF8: Bool) {
        (policy, decimals) = (request.unfit, request.decimals)
        (self.owners, self.checksUTF8) = (owners, checksUTF8)
    }

    /// Only noted: what is left out may describe a table as it was before it was copied.
    mutating func describe(_ relation: StreamRelation, _ tables: FollowedTables) {
        relations[relation.number] = relation
        routes[relation.number] = .described(relation)
        last = nil
        if let table = relation.table { parts.note(table) { tables.numbers[$0] != nil } }
    }

    mutating func forgetDescriptions() { parts.forget() }

    /// How to take in a change of `relation`; `nil` where it is left out.
    @inline(__always)
    mutating func map(
        of relation: UInt32,
        in transaction: OpenTransaction,
        _ tables: inout FollowedTables
    ) throws -> RowMap? {
        let map: RowMap
        if let last, last.relation == relation, last.losses == tables.losses {
            map = last.map
        } else {
            guard let found = try look(up: relation, transaction, &tables) else { return nil }
            map = found
        }
        guard !tables[map.table].shows(transaction) else { return nil }
        return map
    }

    private mutating func look(
        up relation: UInt32,
        _ transaction: OpenTransaction,
        _ tables: inout FollowedTables
    ) throws -> RowMap? {
        let part = parts.take(under: relation)
        // One that is followed by itself and changes under another one's name.
        if let part, let index = tables.numbers[part], !tables[index].shows(transaction) {
            tables.giveUp(index, "it was a partition of another table for a while, under whose name its changes came")
        }
        let map = try find(relation, transaction, &tables)
        if let part, let map, !tables[map.table].shows(transaction) { tables[map.table].parts.insert(part) }
        return map
    }

    private mutating func find(
        _ relation: UInt32,
        _ transaction: OpenTransaction,
        _ tables: inout FollowedTables
    ) throws -> RowMap? {
        switch routes[relation] {
        case nil: throw MalformedMessage.unknownRelation
        case .ignored, .dropped: return nil
        case .followed(let map):
            guard tables[map.table].reason == nil else {
                routes[relation] = .dropped
                return nil
            }
            last = (relation, tables.losses, map)
            return map
        case .shown(let described, let owners):
            if owners.allSatisfy({ tables[$0].reason != nil || tables[$0].shows(transaction) }) { return nil }
            routes[relation] = .described(described)
            return try find(relation, transaction, &tables)
        case .described(let described):
            guard let (table, part) = try owners.table(of: described, in: tables) else {
                let found = try owners.giveUpOwners(of: described, in: transaction, &tables)
                routes[relation] = found.isEmpty ? .ignored : .shown(described, by: found)
                return nil
            }
            guard tables[table].reason == nil else {
                routes[relation] = .dropped
                return nil
            }
            // Not before a change of it counts: what it was while the copy shows all may be gone from the catalog.
            guard !tables[table].shows(transaction) else {
                routes[relation] = .shown(described, by: [table])
                return nil
            }
            if let part { tables[table].parts.insert(part) }
            return try resolve(described, table, isPartition: part != nil, transaction, &tables)
        }
    }

    /// Looks all relations up anew that may be of the table at `index`, or a part of it, which is followed from here
    /// on.
    mutating func lookAgain(for index: Int) {
        owners.forgetPartitioned()
        last = nil
        for (number, route) in routes {
            guard let relation = relations[number] else { continue }
            switch route {
            case .described: break
            case .ignored, .dropped, .shown: routes[number] = .described(relation)
            case .followed(let map): if map.table == index { routes[number] = .described(relation) }
            }
        }
    }

    /// The tables that `numbers` empty, or are a part of; such as are emptied in part are given up.
    mutating func emptied(
        _ numbers: [UInt32],
        in transaction: OpenTransaction,
        _ tables: inout FollowedTables
    ) throws -> [Int] {
        var found: [(table: Int, part: UInt32?)] = []
        for number in numbers {
            guard let relation = relations[number] else { throw MalformedMessage.unknownRelation }
            if let owner = try owners.table(of: relation, in: tables) {
                found.append(owner)
            } else {
                try owners.giveUpOwners(of: relation, in: transaction, &tables)
            }
        }
        let whole = Set(found.filter { $0.part == nil }.map(\.table))
        let emptied = Set(numbers.compactMap { relations[$0]?.table })
        var those: [Int] = []
        for table in Set(found.map(\.table)) where tables[table].reason == nil {
            guard !tables[table].shows(transaction) else { continue }
            if try whole.contains(table) || owners.areWhole(emptied, of: tables[table]) {
                those.append(table)
            } else {
                tables.giveUp(table, "one of its partitions was truncated")
            }
        }
        return those
    }
}
