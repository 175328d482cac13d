import CDuckDB
import TandemRows

/// Copies rows out of one of DuckDB's vectors.
struct VectorReader {
    private let vector: duckdb_vector?
    private let validity: UnsafeMutablePointer<UInt64>?

    init(_ vector: duckdb_vector?) {
        self.vector = vector
        validity = duckdb_vector_get_validity(vector)
    }

    /// The values at `rows`, in that order.
    ///
    /// - Parameter type: What the vector holds, by ``ColumnType/sql``.
    func column(of rows: some RandomAccessCollection<Int>, as type: ColumnType) -> Column {
        Column(storage: storage(of: rows, as: type), validity: bitmap(of: rows))
    }

    /// Bytes that the strings of the first `rows` rows take.
    func byteCount(rows: Int, as type: ColumnType) -> Int {
        switch type {
        case .text, .json, .bytes:
            guard let data = duckdb_vector_get_data(vector)?.assumingMemoryBound(to: duckdb_string_t.self) else {
                return 0
            }
            return (0..<rows).reduce(0) { $0 + (isValid($1) ? Int(data[$1].value.inlined.length) : 0) }
        case .list(let element):
            let child = VectorReader(duckdb_list_vector_get_child(vector))
            return child.byteCount(rows: Int(duckdb_list_vector_get_size(vector)), as: element)
        default: return 0
        }
    }

    private func isValid(_ row: Int) -> Bool { validity.map { $0[row >> 6] & (1 << UInt64(row & 63)) != 0 } ?? true }

    private func bitmap(of rows: some RandomAccessCollection<Int>) -> Bitmap? {
        guard validity != nil else { return nil }
        var bitmap: Bitmap?
        for (index, row) in rows.enumerated() where !isValid(row) {
            if bitmap == nil { bitmap = Bitmap(repeating: true, count: rows.count) }
            bitmap?.clear(index)
        }
        return bitmap
    }

    private func storage(of rows: some RandomAccessCollection<Int>, as type: ColumnType) -> Column.Storage {
        switch type {
        case .bool: .bool(values(of: rows, UInt8.self).map { $0 != 0 })
        case .int16: .int16(values(of: rows))
        case .int32, .date: .int32(values(of: rows))
        case .int64, .time, .timeTZ, .timestamp, .timestampTZ: .int64(values(of: rows))
        case .uuid: .int128(values(of: rows))
        case .float32: .float32(values(of: rows))
        case .float64: .float64(values(of: rows))
        case .interval: .interval(values(of: rows))
        case .decimal(let precision, _):
            switch precision {
            case ...4: .int16(values(of: rows))
            case ...9: .int32(values(of: rows))
            case ...18: .int64(values(of: rows))
            default: .int128(values(of: rows))
            }
        case .text, .json, .bytes: .bytes(bytes(of: rows))
        case .list(let element): list(of: rows, element)
        }
    }

    private func values<Value: BitwiseCopyable>(
        of rows: some RandomAccessCollection<Int>,
        _: Value.Type = Value.self
    )
        -> [Value]
    {
        guard let data = duckdb_vector_get_data(vector)?.assumingMemoryBound(to: Value.self) else { return [] }
        if let range = rows as? Range<Int> {
            return Array(UnsafeBufferPointer(start: data + range.lowerBound, count: range.count))
        }
        return rows.map { data[$0] }
    }

    private func bytes(of rows: some RandomAccessCollection<Int>) -> ByteViews {
        guard let data = duckdb_vector_get_data(vector)?.assumingMemoryBound(to: duckdb_string_t.self) else {
            return ByteViews(views: [], storage: ByteStorage())
        }
        var total = 0
        for row in rows where isValid(row) { total += Int(data[row].value.inlined.length) }
        let storage = ByteStorage(capacity: total)
        var views: [ByteViews.View] = []
        views.reserveCapacity(rows.count)
        for row in rows {
            guard isValid(row) else {
                views.append(.init(start: 0, length: 0))
                continue
            }
            let length = data[row].value.inlined.length
            let text = length <= 12 ? UnsafeRawPointer(data + row) + 4 : UnsafeRawPointer(data[row].value.pointer.ptr)
            let start = storage.append(UnsafeRawBufferPointer(start: text, count: Int(length)))
            views.append(.init(start: UInt32(start), length: length))
        }
        return ByteViews(views: views, storage: storage)
    }

    private func list(of rows: some RandomAccessCollection<Int>, _ element: ColumnType) -> Column.Storage {
        let child = VectorReader(duckdb_list_vector_get_child(vector))
        guard let data = duckdb_vector_get_data(vector)?.assumingMemoryBound(to: duckdb_list_entry.self) else {
            return .list(offsets: [0], values: child.column(of: 0..<0, as: element))
        }
        var offsets = [0]
        offsets.reserveCapacity(rows.count + 1)
        var elements: [Int] = []
        for row in rows {
            if isValid(row) {
                let start = Int(data[row].offset)
                elements.append(contentsOf: start..<start + Int(data[row].length))
            }
            offsets.append(elements.count)
        }
        return .list(offsets: offsets, values: child.column(of: elements, as: element))
    }
}
