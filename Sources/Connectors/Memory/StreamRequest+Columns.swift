import TandemCore
import TandemRows

extension StreamRequest.Table {
    /// The columns that rows have once they come as `stored`: those that are known, under the names they have there,
    /// and new ones that are to come.
    func schema(after stored: TableSchema) -> TableSchema {
        let columns = schema.columns.compactMap { known -> ColumnSchema? in
            guard let now = stored.columns.first(where: { $0.id == known.id }) else { return nil }
            var column = known
            column.name = now.name
            return column
        }
        let known = Set(schema.columns.map(\.id)).union(leftOut)
        let news = stored.columns.filter { !known.contains($0.id) && newColumns.includes($0.name) }
        return schema(columns + news, stored.name)
    }

    /// The columns that are known with those that are ``expected``, as far as they are there now.
    func schemaAsExpected(of now: TableSchema) -> TableSchema {
        var columns = schema.columns
        for index in columns.indices { columns[index].name = expected[columns[index].id] ?? columns[index].name }
        let known = Set(columns.map(\.id))
        let news = now.columns.filter { expected[$0.id] != nil && !known.contains($0.id) }
        columns += news.map { column in
            var column = column
            column.name = expected[column.id] ?? column.name
            return column
        }
        return schema(columns, schema.name)
    }

    private func schema(_ columns: [ColumnSchema], _ name: TableName) -> TableSchema {
        let key = schema.identity.map { schema.columns[$0].id }
        let identity = key.compactMap { id in columns.firstIndex { $0.id == id } }
        return TableSchema(name: name, id: schema.id, columns: columns, identity: identity)
    }
}
