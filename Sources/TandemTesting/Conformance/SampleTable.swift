import TandemCore
public import TandemRows

/// A small table of plain types with known content: a whole-number key, and a text and a number that may be null.
public struct SampleTable: Sendable {
    public var schema: TableSchema
    public var rows: [Row]

    public struct Row: Hashable, Sendable {
        public var id: Int64
        public var note: String?
        public var amount: Int32?

        public init(id: Int64, note: String?, amount: Int32?) {
            self.id = id
            self.note = note
            self.amount = amount
        }
    }

    /// - Parameters:
    ///   - ids: One row each; the other columns follow from them.
    ///   - isKeyed: Whether the first column is a key. Otherwise nothing tells rows apart.
    public init(_ name: TableName, ids: some Sequence<Int>, isKeyed: Bool = true) {
        schema = TableSchema(
            name: name,
            columns: [
                ColumnSchema(name: "id", type: .int64, nativeType: "bigint", id: 1),
                ColumnSchema(name: "note", type: .text, nativeType: "text", id: 2),
                ColumnSchema(name: "amount", type: .int32, nativeType: "integer", id: 3),
            ],
            identity: isKeyed ? [0] : []
        )
        rows = ids.map {
            Row(id: Int64($0), note: $0 % 7 == 0 ? nil : "note \($0) é", amount: Int32(truncatingIfNeeded: $0 &* 31))
        }
    }

    /// The rows in batches of at most `size`.
    public func batches(of size: Int = 1000) -> [RowBatch] {
        stride(from: 0, to: rows.count, by: size).map { start in
            let part = rows[start..<min(start + size, rows.count)]
            let storage = ByteStorage()
            var validity = Bitmap(repeating: true, count: part.count)
            let views = part.enumerated().map { index, row in
                if row.note == nil { validity.clear(index) }
                var note = row.note ?? ""
                let at = note.withUTF8 { storage.append(UnsafeRawBufferPointer($0)) }
                return ByteViews.View(start: UInt32(at), length: UInt32(note.utf8.count))
            }
            return RowBatch(
                rowCount: part.count,
                columns: [
                    Column(storage: .int64(part.map(\.id))),
                    Column(storage: .bytes(ByteViews(views: views, storage: storage)), validity: validity),
                    Self.amounts(of: part),
                ],
                byteCount: part.count * 12 + storage.count
            )
        }
    }

    private static func amounts(of rows: ArraySlice<Row>) -> Column {
        var column = Column(storage: .int32(rows.map { $0.amount ?? 0 }))
        guard rows.contains(where: { $0.amount == nil }) else { return column }
        var validity = Bitmap(repeating: true, count: rows.count)
        for (index, row) in rows.enumerated() where row.amount == nil { validity.clear(index) }
        column.validity = validity
        return column
    }

    /// What `batches` of this table's columns hold.
    public static func rows(in batches: [RowBatch]) -> [Row] {
        batches.flatMap { batch in
            (0..<batch.rowCount).map { row in
                Row(
                    id: batch.columns[0].text(row, as: .int64).flatMap { Int64($0) } ?? .min,
                    note: batch.columns[1].text(row, as: .text),
                    amount: batch.columns[2].text(row, as: .int32).flatMap { Int32($0) }
                )
            }
        }
    }

    /// The sum of the rows 0..<1000, worked out by another program from what ``TableSum`` says.
    static let sumOfThousand = TableSum(rows: 1000, checksum: 0x8611_4E0D_B598_AAD3)
}
