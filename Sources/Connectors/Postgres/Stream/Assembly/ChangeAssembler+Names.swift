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
}
