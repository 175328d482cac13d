import TandemCore
import TandemRows

/// Makes sure that the changes which came under a table's name are its own, or gives it up.
///
/// The catalog is later than the changes. As long as it has the table under
/// the name that they came under, no other table had it, unless both have
/// traded their names there and back since. A name that the table has no
/// more may have been another one's, which has it still, has left it too, or
/// is gone.
struct NameProof {
    let catalog: RelationCatalog

    func confirm(_ tables: inout FollowedTables) throws {
        guard !tables.numbers.isEmpty else { return }
        let names = try catalog.names(of: tables.numbers.keys)
        let moved = tables.indices.filter { names[tables[$0].schema.oid]?.name != tables[$0].schema.name }
        for index in moved { try giveUpNamesake(of: index, &tables) }
        for index in moved where tables[index].reason == nil {
            let other = tables.indices.first { other in
                let isRenamed = names[tables[other].schema.oid].map(tables[other].isRenamed) ?? true
                return other != index && (moved.contains(other) || isRenamed)
                    && tables[other].isLike(Set(tables[index].schema.columns.map(\.name)))
            }
            // One that is gone by now may have had its name meanwhile.
            if tables.hasGathered(index) {
                tables.giveUp(index, "it was renamed, and the log tells tables by their names")
            }
            guard let other else { continue }
            for table in [index, other] {
                tables.giveUp(table, "it was renamed like another one, and the log tells tables by their names")
            }
        }
        for index in tables.indices where names[tables[index].schema.oid]?.isTold == false {
            // This plugin passes them over without a word.
            tables.giveUp(index, "the log does not tell any more which of its rows are updated or deleted")
        }
    }

    /// Gives up a table whose name another one has by now, and that one: changes that came under it may be of either.
    private func giveUpNamesake(of table: Int, _ tables: inout FollowedTables) throws {
        let (id, name) = (tables[table].schema.oid, tables[table].schema.name)
        guard let namesake = try catalog.number(of: name.schema, name.table), namesake != id else { return }
        tables.giveUp(table, "another table has its name now, and the log tells tables by their names")
        let other =
            try tables.numbers[namesake] ?? catalog.relation(namesake)?.root.flatMap { tables.numbers[$0] }
        if let other {
            tables.giveUp(other, "it has the name now that another table had, and the log tells tables by their names")
        }
    }
}
