import CDuckDB
import TandemRows

/// Fills DuckDB's vectors from columns that lie as DuckDB wants them, so that filling is copying.
///
/// Strings are not copied: a vector points into the batch, which must be
/// kept until DuckDB is done with the vector.
struct VectorWriter {
    /// For messages.
    let name: String

    /// Writes the first `rows` rows of `column` to `vector`, which has room for them.
    func write(_ column: Column, as type: ColumnType, rows: Int, to vector: duckdb_vector?) throws {
        let validity = try validity(of: column, rows: rows, to: vector)
        switch (column.storage, type) {
        case (.bool(let values), .bool): try copy(values, rows, to: vector)
        case (.int16(let values), .int16): try copy(values, rows, to: vector)
        case (.int16(let values), .decimal(...4, _)): try copy(values, rows, to: vector)
        case (.int32(let values), .int32), (.int32(let values), .date): try copy(values, rows, to: vector)
        case (.int32(let values), .decimal(5...9, _)): try copy(values, rows, to: vector)
        case (.int64(let values), .int64), (.int64(let values), .time), (.int64(let values), .timeTZ),
            (.int64(let values), .timestamp), (.int64(let values), .timestampTZ):
            try copy(values, rows, to: vector)
        case (.int64(let values), .decimal(10...18, _)): try copy(values, rows, to: vector)
        case (.int128(let values), .uuid): try copy(values, rows, to: vector)
        case (.int128(let values), .decimal(19..., _)): try copy(values, rows, to: vector)
        case (.float32(let values), .float32): try copy(values, rows, to: vector)
        case (.float64(let values), .float64): try copy(values, rows, to: vector)
        case (.interval(let values), .interval): try copy(values, rows, to: vector)
        case (.bytes(let views), .text), (.bytes(let views), .json), (.bytes(let views), .bytes):
            try point(at: views, validity, rows, from: vector)
        case (.list(let offsets, let values), .list(let element)):
            try list(offsets, values, element, rows, to: vector)
        default: throw malformed("they are not laid out as \(type) is")
        }
    }

    private func malformed(_ reason: String) -> DuckDBError { .malformedBatch(column: name, reason: reason) }

    /// Copies which rows are null, and returns it where any may be.
    private func validity(of column: Column, rows: Int, to vector: duckdb_vector?) throws -> [UInt64]? {
        guard let bitmap = column.validity else { return nil }
        guard bitmap.count >= rows else { throw malformed("\(rows) rows but \(bitmap.count) null flags") }
        duckdb_vector_ensure_validity_writable(vector)
        guard let words = duckdb_vector_get_validity(vector) else { throw malformed("no room for null flags") }
        words.update(from: bitmap.words, count: (rows + 63) / 64)
        return bitmap.words
    }

    private func data<Value>(
        of vector: duckdb_vector?,
        as: Value.Type = Value.self
    ) throws -> UnsafeMutablePointer<Value> {
        guard let data = duckdb_vector_get_data(vector) else { throw malformed("no room for them") }
        return data.assumingMemoryBound(to: Value.self)
    }

    private func copy<Value: BitwiseCopyable>(_ values: [Value], _ rows: Int, to vector: duckdb_vector?) throws {
        guard values.count >= rows else { throw malformed("\(rows) rows but \(values.count) values") }
        guard rows > 0 else { return }
        try data(of: vector).update(from: values, count: rows)
    }

    private func point(at bytes: ByteViews, _ validity: [UInt64]?, _ rows: Int, from vector: duckdb_vector?) throws {
        guard bytes.views.count >= rows else { throw malformed("\(rows) rows but \(bytes.views.count) values") }
        guard rows > 0 else { return }
        let slots = UnsafeMutableRawPointer(try data(of: vector, as: duckdb_string_t.self))
        let base = UnsafeRawPointer(bytes.storage.base)
        let count = bytes.storage.count
        let isWhole = bytes.views.withUnsafeBufferPointer { views in
            for row in 0..<rows {
                let slot = slots + row &* 16
                if let validity, validity[row >> 6] & (1 << UInt64(row & 63)) == 0 {
                    slot.storeBytes(of: (0, 0), as: (UInt64, UInt64).self)
                    continue
                }
                let (start, length) = (Int(views[row].start), Int(views[row].length))
                guard start &+ length <= count else { return false }
                Self.fill(slot, with: base + start, length)
            }
            return true
        }
        guard isWhole else { throw malformed("one ends past the bytes that came with it") }
    }

    /// Fills a `duckdb_string_t`: up to 12 bytes lie in it, of more the first four, and where they are.
    @inline(__always)
    private static func fill(_ slot: UnsafeMutableRawPointer, with text: UnsafeRawPointer, _ length: Int) {
        if length <= 12 {
            slot.storeBytes(of: (UInt64(length), 0), as: (UInt64, UInt64).self)
            (slot + 4).copyMemory(from: text, byteCount: length)
        } else {
            slot.storeBytes(of: UInt32(truncatingIfNeeded: length), as: UInt32.self)
            (slot + 4).storeBytes(of: text.loadUnaligned(as: UInt32.self), as: UInt32.self)
            (slot + 8).storeBytes(of: UInt(bitPattern: text), as: UInt.self)
        }
    }

    private func list(
        _ offsets: [Int],
        _ values: Column,
        _ element: ColumnType,
        _ rows: Int,
        to vector: duckdb_vector?
    ) throws {
        guard offsets.count > rows else { throw malformed("\(rows) rows but \(offsets.count) offsets") }
        let total = offsets[rows]
        guard duckdb_list_vector_reserve(vector, idx_t(total)) == DuckDBSuccess,
            duckdb_list_vector_set_size(vector, idx_t(total)) == DuckDBSuccess
        else { throw malformed("no room for \(total) elements") }
        // Both the entries and the elements, because reserving may have moved them.
        let entries = try data(of: vector, as: duckdb_list_entry.self)
        for row in 0..<rows {
            let length = offsets[row + 1] - offsets[row]
            guard length >= 0 else { throw malformed("a list ends before it starts") }
            entries[row] = duckdb_list_entry(offset: UInt64(offsets[row]), length: UInt64(length))
        }
        try write(values, as: element, rows: total, to: duckdb_list_vector_get_child(vector))
    }
}
