import CLibPQ
import TandemRows

/// What a statement answered, in Postgres' binary format, column by column.
struct RecordRows {
    /// How many rows.
    var count = 0
    /// The columns' types, by OID.
    var types: [UInt32] = []
    var cells: [[TupleBuffer.Cell]] = []
    var storage = ByteStorage(capacity: 64)

    init() {}

    /// - Returns: `nil` for more bytes than cells can tell apart.
    init?(_ result: OpaquePointer) {
        let columns = Int(PQnfields(result))
        count = Int(PQntuples(result))
        types = (0..<columns).map { PQftype(result, Int32($0)) }
        storage = ByteStorage(capacity: max(64, count * columns * 12))
        cells.reserveCapacity(columns)
        for column in 0..<Int32(columns) {
            var list: [TupleBuffer.Cell] = []
            list.reserveCapacity(count)
            for row in 0..<Int32(count) {
                guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                    list.append(.null)
                    continue
                }
                let length = PQgetlength(result, row, column)
                let start = storage.append(UnsafeRawBufferPointer(start: value, count: Int(length)))
                guard storage.count <= UInt32.max else { return nil }
                list.append(TupleBuffer.Cell(start: UInt32(start), length: length))
            }
            cells.append(list)
        }
    }

    /// - Throws: ``MalformedCell``.
    func decode(_ column: Int, as decoder: CellDecoder, checksUTF8: Bool = false) throws(MalformedCell) -> DecodedColumn
    {
        guard cells.indices.contains(column) else { throw MalformedCell() }
        let decoded = cells[column].withUnsafeBufferPointer { cells in
            Result { () throws(MalformedCell) in
                try ColumnDecoding(.binary(decoder), checksUTF8: checksUTF8)
                    .decode(CellSpan(cells: cells, storage: storage))
            }
        }
        return try decoded.get()
    }

    /// A number that no row has null for.
    func numbers(_ column: Int) throws(MalformedCell) -> [Int] {
        guard case .int64(let values) = try decode(column, as: .int64).column.storage else { throw MalformedCell() }
        return values.map { Int($0) }
    }
}

extension Session {
    /// Runs `sql`, which the server plans once, with arrays for `$1`, `$2`, … Inside a transaction.
    func rows(repeating sql: String, _ arrays: [BoundArray]) throws -> RecordRows {
        let connection = try live()
        let types = arrays.map(\.type.array)
        if !capabilities.isPooled, prepared[sql] == nil {
            let name = "tandem_\(prepared.count + 1)"
            asked = [sql]
            guard PQsendPrepare(connection, name, sql, Int32(types.count), types) == 1 else { throw lost() }
            _ = try lastResult()
            prepared[sql] = name
        }
        asked = [sql]
        objection = nil
        let encoder = RowEncoder()
        try encoder.encode(arrays) { values, lengths in
            let formats = [Int32](repeating: 1, count: values.count)
            let count = Int32(values.count)
            let isSent =
                prepared[sql].map { PQsendQueryPrepared(connection, $0, count, values, lengths, formats, 1) }
                ?? PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 1)
            guard isSent == 1 else { throw lost() }
        }
        var rows = RecordRows()
        try takeResults { result in
            guard let found = RecordRows(result) else {
                throw PostgresError.malformed(endpoint, what: "more than 4 GB in one answer")
            }
            rows = found
        }
        return rows
    }
}
