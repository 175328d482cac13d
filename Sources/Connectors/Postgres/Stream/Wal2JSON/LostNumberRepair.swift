import TandemRows

/// Puts back what wal2json before 2.6 writes as null: NaN and infinities, which the source is asked for by the rows'
/// keys.
///
/// It answers as of now, so of each row only what is NaN or infinite by now is taken. A row that has changed since
/// comes again, whole in these columns, and with it the answer as of then: after a row's last change the answer is what
/// that change wrote. That the source shows a change which is in its log is made sure of first.
struct LostNumberRepair {
    let catalog: RelationCatalog
    let query: RelationCatalog.Query
    /// Waits for a moment.
    let pause: () throws -> Void
    /// For how long it is waited until the source shows what is in its log.
    var patience: Duration = .seconds(10)
    /// Those whose changes are gathered, and perhaps others.
    private var transactions: [UInt32] = []

    /// How many rows are asked for at once.
    private static let limit = 20_000
    private static let lost: Set<String> = ["NaN", "Infinity", "-Infinity"]

    init(catalog: RelationCatalog, query: @escaping RelationCatalog.Query, pause: @escaping () throws -> Void) {
        (self.catalog, self.query, self.pause) = (catalog, query, pause)
    }

    /// Changes of this transaction are gathered from here on.
    mutating func note(_ transaction: UInt32) { transactions.append(transaction) }

    /// None are gathered any more, but those of `transaction`.
    mutating func forget(but transaction: UInt32?) { transactions = transaction.map { [$0] } ?? [] }

    /// - Throws: ``NeedsCopy`` where the source cannot tell; what asking it throws.
    func restore(_ buffer: inout ChangeBuffer, of table: TableSchema) throws {
        let lossy = table.columns.indices.filter { LostNumbers.isLossy(table.columns[$0].nativeType) }
        guard !lossy.isEmpty, !buffer.isEmpty else { return }
        guard !buffer.identifies(nullIn: lossy) else {
            throw NeedsCopy(
                "a value that tells its rows apart may be NaN or infinite, which this wal2json writes as null"
            )
        }
        let rows = buffer.written(nullIn: lossy)
        guard !rows.isEmpty else { return }
        do {
            guard let relation = try catalog.relation(table.oid) else { return }
            try awaitSight()
            let asked = lossy.compactMap { index in
                relation.column(table.columns[index].number).map { (index: index, name: SQL.identifier($0.name)) }
            }
            guard !asked.isEmpty else { return }
            guard !table.identity.isEmpty else { return try refuseLost(in: relation, asked.map(\.name)) }
            let keys = try table.identity.map { index in
                guard let column = relation.column(table.columns[index].number) else {
                    throw NeedsCopy(
                        "a column of its key is gone, and values may be NaN, which this wal2json writes as null"
                    )
                }
                return Key(index: index, column)
            }
            var rest = rows[...]
            while !rest.isEmpty {
                try restore(Array(rest.prefix(Self.limit)), of: &buffer, keys, asked, relation.name, table.oid)
                rest = rest.dropFirst(Self.limit)
            }
        } catch let error as PostgresError where error.isConfined {
            throw NeedsCopy("values may be NaN or infinite, which this wal2json writes as null, and it cannot be read")
        }
    }

    /// A column of the key.
    private struct Key {
        let index: Int
        let name: String
        private let type: CatalogRelation.Column

        init(index: Int, _ type: CatalogRelation.Column) {
            (self.index, self.type, name) = (index, type, SQL.identifier(type.name))
        }

        /// Compares the column with `text`: types of the users' own by what they are written as.
        func condition(_ text: String) -> String {
            type.type < 16_384 ? "t.\(name) = \(text)::\(type.typeName)" : "t.\(name)::pg_catalog.text = \(text)"
        }

        /// As it is in an array; this plugin leaves out how a `bytea` begins.
        func element(_ text: String) -> String {
            let text = type.typeName == "bytea" && !text.hasPrefix("\\x") ? "\\x" + text : text
            return "\"" + text.replacing(bytes: "\\", with: "\\\\").replacing(bytes: "\"", with: "\\\"") + "\""
        }
    }

    private func restore(
        _ rows: [Int],
        of buffer: inout ChangeBuffer,
        _ keys: [Key],
        _ asked: [(index: Int, name: String)],
        _ name: TableName,
        _ number: UInt32
    ) throws {
        let lists = try keys.map { key in
            let elements = try rows.map { row in
                guard let text = buffer.text(of: row, in: key.index) else {
                    throw NeedsCopy("values may be NaN, which this wal2json writes as null, and its key is no text")
                }
                return key.element(text)
            }
            return "{\(elements.joined(separator: ","))}"
        }
        let values = asked.map { "t.\($0.name)::pg_catalog.text" }
        let places = keys.indices.map { "k\($0)" }
        let arrays = keys.indices.map { "pg_catalog.unnest($\($0 + 1)::pg_catalog.text[])" }
        let sql = """
            SELECT u.i, \(values.joined(separator: ", "))
            FROM ROWS FROM (\(arrays.joined(separator: ", "))) WITH ORDINALITY AS u (\(places.joined(separator: ", ")), i)
              JOIN \(SQL.name(name)) t ON \(zip(keys, places).map { $0.condition("u.\($1)") }.joined(separator: " AND "))
            WHERE (\(Self.areLost(values))) AND (t.tableoid = \(number)::pg_catalog.oid OR EXISTS (
              SELECT FROM pg_catalog.pg_class c WHERE c.oid = \(number)::pg_catalog.oid AND c.relkind = 'p'))
            """
        for cells in try query(sql, lists).rows {
            guard let place = cells.first?.flatMap({ Int($0) }), rows.indices.contains(place - 1) else { continue }
            let row = rows[place - 1]
            for (column, value) in zip(asked, cells.dropFirst()) {
                guard let value, Self.lost.contains(value), buffer.text(of: row, in: column.index) == nil else {
                    continue
                }
                buffer.fill(row, in: column.index, with: value)
            }
        }
    }

    /// A table whose rows cannot be asked for one by one.
    private func refuseLost(in relation: CatalogRelation, _ columns: [String]) throws {
        let lost = Self.areLost(columns.map { "t.\($0)::pg_catalog.text" })
        guard try query("SELECT EXISTS (SELECT FROM \(SQL.name(relation.name)) t WHERE \(lost))", []).value == "t"
        else {
            return
        }
        throw NeedsCopy("values of it are NaN or infinite, which this wal2json writes as null, and it has no key")
    }

    private static func areLost(_ values: [String]) -> String {
        values.map { "\($0) IN ('NaN', 'Infinity', '-Infinity')" }.joined(separator: " OR ")
    }

    /// Waits until the source shows what these transactions did: a commit is in the log a little before it can be
    /// seen, and long before where it waits for a standby.
    private func awaitSight() throws {
        let limit = ContinuousClock.now + patience
        while true {
            let text = try query("SELECT pg_catalog.txid_current_snapshot()::pg_catalog.text", []).value
            guard let snapshot = text.flatMap(SnapshotVisibility.init) else { throw UnreadableCell() }
            if transactions.allSatisfy(snapshot.shows) { return }
            guard ContinuousClock.now < limit else {
                throw NeedsCopy(
                    "values may be NaN, which this wal2json writes as null, and a commit cannot be seen yet"
                )
            }
            try pause()
        }
    }
}
