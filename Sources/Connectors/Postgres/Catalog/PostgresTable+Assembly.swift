import TandemCore

extension PostgresTable {
    /// Puts together what the catalog said of one table.
    ///
    /// - Parameters:
    ///   - columns: All of them, in their order.
    ///   - keys: Those of this table.
    init(
        _ facts: TableFacts,
        columns: [ColumnFacts],
        keys: [KeyCandidate],
        parts: [TablePart] = [],
        definition: TableDefinition? = nil,
        types: TypeMap,
        server: ServerFacts
    ) {
        let readable = columns.filter(\.maySelect)
        let usable = Set(readable.filter(\.isNotNull).map(\.number))
        let key = KeyCandidate.best(of: keys, usable: usable)
        let places = Dictionary(uniqueKeysWithValues: readable.enumerated().map { ($1.number, $0) })
        let rules = MethodRules(table: facts, columns: columns, keys: keys, types: types, server: server)
        self.init(
            oid: facts.oid,
            name: facts.name,
            kind: facts.kind,
            columns: readable.map { column in
                PostgresColumn(
                    name: column.name,
                    number: column.number,
                    native: types.native(column.type, modifier: column.modifier),
                    typeName: column.typeName
                )
            },
            identity: key?.columns.compactMap { places[$0] } ?? [],
            omitted: columns.filter { !$0.maySelect }.map { rules.omission(of: $0) },
            parts: parts,
            definition: definition,
            estimatedRows: facts.estimatedRows,
            bytes: facts.bytes,
            cursorColumns: rules.cursors,
            methods: Dictionary(uniqueKeysWithValues: Method.allCases.map { ($0, rules.eligibility($0)) }),
            isWritable: facts.mayWrite
        )
    }
}
