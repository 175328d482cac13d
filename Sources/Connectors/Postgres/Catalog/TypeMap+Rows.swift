extension TypeMap {
    /// From the rows of ``CatalogQueries/types``.
    init(rows: [[String?]]) throws {
        var types: [UInt32: PostgresType] = [:]
        types.reserveCapacity(rows.count)
        for cells in rows {
            var row = ResultRow(cells)
            let oid = try row.number(UInt32.self)
            let kind = try row.text()
            let isArray = try row.flag()
            let element = try row.number(UInt32.self)
            let delimiter = try row.optional()
            let base = try row.number(UInt32.self)
            let modifier = try row.number(Int32.self)
            types[oid] =
                switch (kind, isArray) {
                case ("d", _): .domain(base: base, modifier: modifier)
                case ("e", _): .enumeration
                case (_, true): .array(element: element, delimiter: delimiter?.utf8.first ?? UInt8(ascii: ","))
                default: .plain(output: try row.optional())
                }
        }
        self.init(types)
    }
}
