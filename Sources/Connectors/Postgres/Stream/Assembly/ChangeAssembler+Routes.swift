import TandemRows

extension ChangeAssembler {
    /// How to take in a change of `relation`; `nil` where it is left out.
    @inline(__always)
    mutating func map(of relation: UInt32) throws -> RowMap? {
        guard let transaction, !isLeftOut else { return nil }
        let map: RowMap
        if let last, last.relation == relation {
            map = last.map
        } else {
            guard let found = try look(up: relation, transaction) else { return nil }
            map = found
        }
        guard !tables[map.table].shows(transaction, number: transactionNumber) else { return nil }
        return map
    }

    private mutating func look(up relation: UInt32, _ transaction: TransactionStart) throws -> RowMap? {
        let part = describedPart.flatMap { $0.root == relation ? $0.part : nil }
        forgetDescriptions()
        if let part { giveUpPart(part, in: transaction) }
        let map = try find(relation, transaction)
        if let part, let map, !tables[map.table].shows(transaction, number: transactionNumber) {
            tables[map.table].parts.insert(part)
        }
        return map
    }

    private mutating func find(_ relation: UInt32, _ transaction: TransactionStart) throws -> RowMap? {
        switch routes[relation] {
        case nil: throw MalformedMessage.unknownRelation
        case .ignored, .dropped: return nil
        case .followed(let map):
            guard tables[map.table].reason == nil else {
                routes[relation] = .dropped
                return nil
            }
            last = (relation, map)
            return map
        case .shown(let described, let owners):
            if showAll(owners, transaction) { return nil }
            routes[relation] = .described(described)
            return try find(relation, transaction)
        case .described(let described):
            guard let (table, part) = try table(of: relation) else {
                let owners = try giveUpOwners(of: relation, in: transaction)
                routes[relation] = owners.isEmpty ? .ignored : .shown(described, by: owners)
                return nil
            }
            guard tables[table].reason == nil else {
                routes[relation] = .dropped
                return nil
            }
            // Not before a change of it counts: what it was while the copy shows all may be gone from the catalog.
            guard !tables[table].shows(transaction, number: transactionNumber) else {
                routes[relation] = .shown(described, by: [table])
                return nil
            }
            if let part { tables[table].parts.insert(part) }
            return try resolve(described, table, isPartition: part != nil, transaction)
        }
    }

    /// Whether nothing of `transaction` counts for these tables.
    private mutating func showAll(_ owners: [Int], _ transaction: TransactionStart) -> Bool {
        for table in owners where tables[table].reason == nil {
            guard tables[table].shows(transaction, number: transactionNumber) else { return false }
        }
        return true
    }

    /// The followed table that `relation` is, or is a partition of, then with the partition's number.
    mutating func table(of relation: UInt32) throws -> (table: Int, part: UInt32?)? {
        guard let described = relations[relation] else { throw MalformedMessage.unknownRelation }
        guard let number = described.table else { return try named(described) }
        if let index = numbers[number] { return (index, nil) }
        if let root = partitions[number] { return numbers[root].map { ($0, number) } }
        if partitioned == nil { partitioned = try catalog.partitioned(numbers.keys) }
        guard partitioned?.isEmpty == false, let root = try catalog.relation(number)?.root,
            let index = numbers[root]
        else { return nil }
        partitions[number] = root
        return (index, number)
    }

    /// The table of a relation that is known by its name alone.
    mutating func named(_ relation: StreamRelation) throws -> (table: Int, part: UInt32?)? {
        let name = TableName(schema: relation.schema, table: relation.name)
        if let index = tables.firstIndex(where: { $0.schema.name == name }) { return (index, nil) }
        guard let number = try catalog.number(of: name.schema, name.table) else { return nil }
        if let index = numbers[number] { return (index, nil) }
        if partitioned == nil { partitioned = try catalog.partitioned(numbers.keys) }
        guard partitioned?.isEmpty == false, let root = try partitions[number] ?? catalog.relation(number)?.root,
            let index = numbers[root]
        else { return nil }
        partitions[number] = root
        return (index, number)
    }

    private mutating func resolve(
        _ relation: StreamRelation,
        _ table: Int,
        isPartition: Bool,
        _ transaction: TransactionStart
    ) throws -> RowMap? {
        let known = tables[table].schema
        do {
            let found = try catalog.relation(known.oid) ?? CatalogRelation(name: known.name)
            let types = relation.columns.map { (type: $0.type ?? 0, modifier: $0.modifier) }
            let map = try catalog.typeMap(for: types.map(\.type) + found.columns.map(\.type))
            let resolution = RelationResolution(
                relation: relation,
                known: known,
                catalog: found,
                types: map,
                isPartition: isPartition,
                transaction: found.full(transaction.xid),
                includes: tables[table].includes,
                decimals: decimals,
                leftOut: tables[table].leftOut,
                typeNames: { [catalog] in try catalog.names(of: types) }
            )
            let resolved = try resolution.resolve()
            // Rows that another table has written under the former name would be taken for its own.
            if relation.table == nil, resolved.schema.name != known.name { try confirmNames() }
            guard tables[table].reason == nil else { return nil }
            if resolved.schema != known {
                guard !tables[table].isHeld else { throw NeedsCopy("its columns changed") }
                try changeSchema(of: table)
            }
            guard tables[table].reason == nil else { return nil }
            let decoder = TableChangesDecoder(resolved, policy: policy, checksUTF8: checksUTF8)
            tables[table].change(to: resolved, decoder: decoder)
            let rows = RowMap(table: table, relation: relation, resolved: resolved)
            routes[relation.number] = .followed(rows)
            last = (relation.number, rows)
            return rows
        } catch let error as NeedsCopy {
            giveUp(table, error.reason)
            return nil
        }
    }

    /// Ends the stretch of `table`, and with it what was found out about its relations.
    ///
    /// - Throws: What asking the source throws.
    mutating func changeSchema(of table: Int) throws {
        try closeStretch(of: table)
        for (number, route) in routes {
            guard case .followed(let map) = route, map.table == table, let described = relations[number] else {
                continue
            }
            routes[number] = .described(described)
        }
        last = nil
    }
}
