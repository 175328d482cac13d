import TandemRows

extension ChangeAssembler {
    /// Gives tables the columns that were added to them, and columns the names, that no change has come with.
    ///
    /// - Throws: What asking the catalog throws.
    mutating func bringExpected() throws {
        for index in tables.indices where tables[index].reason == nil {
            let known = tables[index].schema
            let names = Dictionary(known.columns.map { ($0.number, $0.name) }) { first, _ in first }
            let missing = tables[index].expected.filter { !(names[$0.key]?.isExactly($0.value) ?? false) }
            guard !missing.isEmpty, let found = try catalog.relation(known.oid) else { continue }
            do {
                try bring(missing, of: found, to: index)
            } catch let error as NeedsCopy {
                giveUp(index, error.reason)
            }
        }
    }

    /// What the catalog says, as if the stream had described it. Only the new columns are taken from it: it may be
    /// later than the stream, which tells of the rest when it comes to that.
    ///
    /// - Parameter missing: The columns' names by the end of the stream.
    private mutating func bring(_ missing: [Int: String], of found: CatalogRelation, to index: Int) throws {
        let known = tables[index].schema
        let relation = Self.relation(found, known, missing)
        let wanted = Set(missing.values)
        let types = relation.columns.map { (type: $0.type ?? 0, modifier: $0.modifier) }
        let resolution = RelationResolution(
            relation: relation,
            known: known,
            catalog: found,
            types: try catalog.typeMap(for: types.map(\.type)),
            isPartition: false,
            transaction: found.next,
            includes: wanted.contains,
            decimals: decimals,
            leftOut: tables[index].leftOut,
            typeNames: { [catalog] in try catalog.names(of: types) }
        )
        var resolved = try resolution.resolve()
        guard resolved.schema != known else { return }
        // Rows that had values in the others, if any, have not come yet.
        resolved.leftOut = []
        try changeSchema(of: index)
        guard tables[index].reason == nil else { return }
        tables[index].change(
            to: resolved,
            decoder: TableChangesDecoder(resolved, policy: policy, checksUTF8: checksUTF8)
        )
        closed.append(tables[index].takeShape())
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
