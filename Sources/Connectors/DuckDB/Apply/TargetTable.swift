import TandemCore
import TandemRows

/// A table that changes go to, as it lies in the file.
struct TargetTable {
    let name: TableName
    /// The columns that its source has; the file may have more.
    let columns: [ColumnSchema]
    /// Indexes into ``columns``. Empty when nothing tells the rows apart.
    let identity: [Int]
    /// The types of the columns, as the file has them.
    let types: [LogicalType]
    /// The types of a flag, and of a time.
    let flag: LogicalType
    let time: LogicalType
    /// What Tandem has added to it.
    let metadataColumns: MetadataColumns
    /// The names of columns that users have added.
    let added: [String]

    /// - Throws: ``TableMismatch`` if the table in the file is not the one that was copied.
    init(_ copy: SyncedTable, in session: Session) throws {
        name = copy.target
        metadataColumns = copy.metadataColumns
        let stand = ColumnSchema(name: SQL.noColumns, type: .bool, nativeType: "")
        columns = copy.schema.columns.isEmpty ? [stand] : copy.schema.columns
        identity = copy.schema.identity
        let names = columns.map { SQL.identifier($0.name) } + ["true", "now()"]
        let own = metadataColumns.names.map(SQL.identifier)
        var types: [LogicalType]
        do {
            let list = (names + own).joined(separator: ", ")
            let query = "SELECT \(list) FROM \(session.quoted(name)) LIMIT 0"
            types = try Statement(query, in: session, to: "look at \(name)").stream().columnTypes.dropLast(own.count)
            let ours = Set((copy.columnNames + [SQL.noColumns]).map(SQL.folding.fold))
            let all = "SELECT * FROM \(session.quoted(name)) LIMIT 0"
            added = try Statement(all, in: session, to: "look at \(name)").columnNames
                .filter { !ours.contains(SQL.folding.fold($0)) }
        } catch DuckDBError.failed(_, let reason) where reason.hasPrefix("Catalog Error") {
            throw TableMismatch(name, because: "the warehouse has no such table any more")
        } catch DuckDBError.failed(_, let reason) where reason.hasPrefix("Binder Error") {
            throw TableMismatch(name, because: "the warehouse no longer has all of its columns")
        }
        time = types.removeLast()
        flag = types.removeLast()
        self.types = types
        for (column, type) in zip(columns, types) where !type.holds(column.type) {
            throw TableMismatch(name, because: "column \(column.name) has another type in the warehouse by now")
        }
    }

    /// The columns that rows are told apart by: all of them where there is no identity.
    var key: [Int] { identity.isEmpty ? Array(columns.indices) : identity }

    /// A list of the columns' names.
    var columnList: String { columns.map { SQL.identifier($0.name) }.joined(separator: ", ") }
}

/// Batches on their way to a statement, which knows their columns as `c0`, `c1`, ….
struct FedRows {
    let batches: [RowBatch]
    let columns: [ColumnSchema]
    let types: [LogicalType]

    var count: Int { batches.reduce(0) { $0 + $1.rowCount } }

    /// Whether any of the values of column `index` may be null.
    func hasNulls(_ index: Int) -> Bool {
        batches.contains { $0.columns.indices.contains(index) && $0.columns[index].validity != nil }
    }

    init(_ batches: [RowBatch], columns: [ColumnSchema], types: [LogicalType]) {
        self.batches = batches
        self.columns = columns
        self.types = types
    }

    /// Some columns of `table`, all of them unless given.
    init(_ batches: [RowBatch], of table: TargetTable, columns indexes: [Int]? = nil) {
        let indexes = indexes ?? Array(table.columns.indices)
        self.batches = batches.map { batch in
            // A table without columns is fed one that is always null.
            guard batch.columns.isEmpty, table.columns.map(\.name) == [SQL.noColumns] else { return batch }
            let nothing = Bitmap(repeating: false, count: batch.rowCount)
            let column = Column(storage: .bool(Array(repeating: false, count: batch.rowCount)), validity: nothing)
            return RowBatch(rowCount: batch.rowCount, columns: [column], byteCount: batch.byteCount)
        }
        columns = indexes.map { table.columns[$0] }
        types = indexes.map { table.types[$0] }
    }

    /// Rows to mark, each with its time behind it.
    init(_ deleted: [DeletedRows], of table: TargetTable) {
        let isEmpty = table.columns.map(\.name) == [SQL.noColumns]
        batches = deleted.map { deleted in
            var rows = deleted.rows
            let nothing = Column(
                storage: .bool(Array(repeating: false, count: rows.rowCount)),
                validity: Bitmap(repeating: false, count: rows.rowCount)
            )
            if isEmpty { rows.columns.insert(nothing, at: 0) }
            return rows
        }
        let time = ColumnSchema(name: "time", type: .timestampTZ, nativeType: "")
        columns = table.key.map { table.columns[$0] } + [time]
        types = table.key.map { table.types[$0] } + [table.time]
    }

    /// Rows that keep values, each after the key of the row that it replaces, and followed by a flag for every column
    /// of ``PatchedColumns/kept``.
    init(_ patched: [PartialUpdates], of table: TargetTable, _ layout: PatchedColumns) {
        batches = patched.map { patch in
            let flags = layout.kept.map { index in
                let absent = patch.rows.columns[index].absent
                return Column(storage: .bool((0..<patch.rows.rowCount).map { absent?[$0] ?? false }))
            }
            return RowBatch(
                rowCount: patch.rows.rowCount,
                columns: patch.keys.columns + patch.rows.columns.map(\.withoutAbsences) + flags,
                byteCount: patch.rows.byteCount
            )
        }
        let flagColumn = ColumnSchema(name: "flag", type: .bool, nativeType: "")
        columns = table.identity.map { table.columns[$0] } + table.columns + layout.kept.map { _ in flagColumn }
        types = table.identity.map { table.types[$0] } + table.types + layout.kept.map { _ in table.flag }
    }
}

/// Where things lie in rows that keep values.
struct PatchedColumns {
    /// The columns some of whose values are kept.
    let kept: [Int]
    private let keyCount: Int
    private let count: Int

    /// - Throws: If they are not laid out as the table is.
    init(_ patched: [PartialUpdates], of table: TargetTable) throws(DuckDBError) {
        for patch in patched {
            let isWhole =
                patch.rows.columns.count == table.columns.count && patch.keys.columns.count == table.identity.count
                && patch.keys.rowCount == patch.rows.rowCount && !table.identity.isEmpty
                && patch.rows.columns.allSatisfy { $0.absent.map { $0.count >= patch.rows.rowCount } ?? true }
            guard isWhole else { throw .malformedBatch(column: "*", reason: "rows and keys do not go together") }
        }
        keyCount = table.identity.count
        count = table.columns.count
        kept = table.columns.indices.filter { index in patched.contains { $0.rows.columns[index].absent != nil } }
    }

    /// The expression for the new value of column `index`, `old` being that of the row which is replaced.
    func value(_ index: Int, from rows: String, old: String) -> String {
        let sent = "\(rows).c\(keyCount + index)"
        guard let flag = kept.firstIndex(of: index) else { return sent }
        return "CASE WHEN \(rows).c\(keyCount + count + flag) THEN \(old) ELSE \(sent) END"
    }
}

extension Column {
    /// The same with null where it is absent, so that what lies there is not looked at.
    fileprivate var withoutAbsences: Column {
        guard let absent else { return self }
        var validity = validity ?? Bitmap(repeating: true, count: absent.count)
        for row in 0..<absent.count where absent[row] { validity.clear(row) }
        return Column(storage: storage, validity: validity)
    }
}
