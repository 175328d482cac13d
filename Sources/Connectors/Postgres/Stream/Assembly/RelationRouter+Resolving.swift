import TandemCore
import TandemRows

/// What the columns of a relation are to those of the copy.
extension RelationRouter {
    /// `nil` where the table is given up by it.
    mutating func resolve(
        _ relation: StreamRelation,
        _ table: Int,
        isPartition: Bool,
        _ transaction: OpenTransaction,
        _ tables: inout FollowedTables
    ) throws -> RowMap? {
        let known = tables[table].schema
        do {
            let found = try owners.catalog.relation(known.oid) ?? CatalogRelation(name: known.name)
            let resolved = try resolved(
                relation,
                tables[table],
                found,
                besides: found.columns.map(\.type),
                isPartition: isPartition,
                transaction: found.full(transaction.start.xid),
                includes: tables[table].newColumns.includes
            )
            // Rows that another table has written under the former name would be taken for its own.
            if relation.table == nil, resolved.schema.name != known.name {
                try NameProof(catalog: owners.catalog).confirm(&tables)
            }
            guard tables[table].reason == nil else { return nil }
            if resolved.schema != known {
                guard !tables[table].isHeld else { throw NeedsCopy("its columns changed") }
                try changeSchema(of: table, &tables)
            }
            guard tables[table].reason == nil else { return nil }
            change(&tables[table], to: resolved)
            let rows = RowMap(table: table, relation: relation, resolved: resolved)
            routes[relation.number] = .followed(rows)
            last = (relation.number, tables.losses, rows)
            return rows
        } catch let error as NeedsCopy {
            tables.giveUp(table, error.reason)
            return nil
        }
    }

    /// What the rows of `relation` are to `table`.
    ///
    /// - Parameters:
    ///   - others: Types that the catalog is to know besides the relation's.
    ///   - transaction: The one whose changes come, or the next one.
    private mutating func resolved(
        _ relation: StreamRelation,
        _ table: FollowedTable,
        _ found: CatalogRelation,
        besides others: [UInt32] = [],
        isPartition: Bool = false,
        transaction: UInt64,
        includes: @escaping (String) -> Bool
    ) throws -> ResolvedRelation {
        let types = relation.columns.map { (type: $0.type ?? 0, modifier: $0.modifier) }
        let map = try owners.catalog.typeMap(for: types.map(\.type) + others)
        return try RelationResolution(
            relation: relation,
            known: table.schema,
            catalog: found,
            types: map,
            isPartition: isPartition,
            transaction: transaction,
            includes: includes,
            decimals: decimals,
            leftOut: table.leftOut,
            typeNames: { [catalog = owners.catalog] in try catalog.names(of: types) }
        ).resolve()
    }

    private func change(_ table: inout FollowedTable, to resolved: ResolvedRelation) {
        table.change(to: resolved, decoder: TableChangesDecoder(resolved, policy: policy, checksUTF8: checksUTF8))
    }

    /// Ends the stretch of `table`, and with it what was found out about its relations.
    ///
    /// - Throws: What asking the source throws.
    private mutating func changeSchema(of table: Int, _ tables: inout FollowedTables) throws {
        try tables.close(table)
        for (number, route) in routes {
            guard case .followed(let map) = route, map.table == table, let described = relations[number] else {
                continue
            }
            routes[number] = .described(described)
        }
        last = nil
    }

    /// Gives tables the columns that were added to them, and columns the names, that no change has come with.
    ///
    /// - Throws: What asking the catalog throws.
    mutating func bringExpected(_ tables: inout FollowedTables) throws {
        for index in tables.indices where tables[index].reason == nil {
            let known = tables[index].schema
            let names = Dictionary(known.columns.map { ($0.number, $0.name) }) { first, _ in first }
            let missing = tables[index].expected.filter { !(names[$0.key]?.isExactly($0.value) ?? false) }
            guard !missing.isEmpty, let found = try owners.catalog.relation(known.oid) else { continue }
            do {
                try bring(missing, of: found, to: index, &tables)
            } catch let error as NeedsCopy {
                tables.giveUp(index, error.reason)
            }
        }
    }

    /// What the catalog says, as if the stream had described it. Only the new columns are taken from it: it may be
    /// later than the stream, which tells of the rest when it comes to that.
    ///
    /// - Parameter missing: The columns' names by the end of the stream.
    private mutating func bring(
        _ missing: [Int: String],
        of found: CatalogRelation,
        to index: Int,
        _ tables: inout FollowedTables
    ) throws {
        let known = tables[index].schema
        let wanted = Set(missing.values)
        var resolved = try resolved(
            Self.relation(found, known, missing),
            tables[index],
            found,
            transaction: found.next,
            includes: wanted.contains
        )
        guard resolved.schema != known else { return }
        // Rows that had values in the others, if any, have not come yet.
        resolved.leftOut = []
        try changeSchema(of: index, &tables)
        guard tables[index].reason == nil else { return }
        change(&tables[index], to: resolved)
        tables.closeShape(of: index)
    }

    private static func relation(
        _ found: CatalogRelation,
        _ known: TableSchema,
        _ missing: [Int: String]
    ) -> StreamRelation {
        let names = Dictionary(known.columns.map { ($0.number, $0.name) }) { first, _ in first }
        let key = Set(found.replicatedKey ?? [])
        let columns = found.columns.filter { !$0.isDropped && (!$0.isGenerated || names[$0.number] != nil) }
        return StreamRelation(
            number: known.oid,
            table: known.oid,
            schema: known.name.schema,
            name: known.name.table,
            identity: found.identity,
            columns: columns.map { column in
                StreamRelation.Column(
                    name: missing[column.number] ?? names[column.number] ?? column.name,
                    number: column.number,
                    type: column.type,
                    modifier: column.modifier,
                    isKey: key.contains(column.number)
                )
            }
        )
    }
}
