import TandemRows

/// Turns the cells of one column into a ``Column``. One switch, then a loop per kind.
struct ColumnDecoding {
    /// How the cells are written, and what they become.
    enum Form: Hashable {
        case binary(CellDecoder)
        case text(TextDecoder)
    }

    let form: Form
    /// Text has to be looked at, because the server does not vouch for its being UTF-8.
    let checksUTF8: Bool

    init(_ form: Form, checksUTF8: Bool) {
        self.form = form
        self.checksUTF8 = checksUTF8
    }

    /// The column at `index` of the rows that `buffer` holds.
    ///
    /// Rows whose value is absent are marked in ``Column/absent``, and as null.
    func decode(_ buffer: TupleBuffer, column index: Int) throws(MalformedCell) -> DecodedColumn {
        let decoded = buffer.withCells(of: index) { cells, _ in
            Result { () throws(MalformedCell) in try decode(CellSpan(cells: cells, storage: buffer.storage)) }
        }
        return try decoded.get()
    }

    func decode(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        var decoded =
            switch form {
            case .binary(let decoder): try decode(span, as: decoder)
            case .text(let decoder): try decode(span, as: decoder)
            }
        // Where no row is null none is absent.
        if decoded.column.validity != nil { decoded.column.absent = span.absent }
        return decoded
    }

    func decode(_ span: CellSpan, as decoder: CellDecoder) throws(MalformedCell) -> DecodedColumn {
        switch decoder {
        case .bool:
            let (values, nulls) = try span.fixed(width: 1, null: false) { $0.load(as: UInt8.self) != 0 }
            return DecodedColumn(.bool(values), nulls: nulls)
        case .int16:
            let (values, nulls) = try span.fixed(width: 2, null: 0) { big16($0) }
            return DecodedColumn(.int16(values), nulls: nulls)
        case .int32:
            let (values, nulls) = try span.fixed(width: 4, null: 0) { big32($0) }
            return DecodedColumn(.int32(values), nulls: nulls)
        case .int64:
            let (values, nulls) = try span.fixed(width: 8, null: 0) { big64($0) }
            return DecodedColumn(.int64(values), nulls: nulls)
        case .oid:
            let (values, nulls) = try span.fixed(width: 4, null: 0) { Int64(UInt32(bitPattern: big32($0))) }
            return DecodedColumn(.int64(values), nulls: nulls)
        case .float32:
            let (values, nulls) = try span.fixed(width: 4, null: Float(0)) { at in
                let value = Float(bitPattern: UInt32(bitPattern: big32(at)))
                return value.isNaN ? .nan : value
            }
            return DecodedColumn(.float32(values), nulls: nulls)
        case .float64:
            let (values, nulls) = try span.fixed(width: 8, null: Double(0)) { at in
                let value = Double(bitPattern: UInt64(bitPattern: big64(at)))
                return value.isNaN ? .nan : value
            }
            return DecodedColumn(.float64(values), nulls: nulls)
        case .uuid:
            let (values, nulls) = try span.fixed(width: 16, null: 0) { at in
                Int128(big64(at) ^ .min) << 64 | Int128(UInt64(bitPattern: big64(at + 8)))
            }
            return DecodedColumn(.int128(values), nulls: nulls)
        case .decimal(let precision, let scale):
            return try DecimalDecoding(precision: precision, scale: scale).decode(span)
        case .date: return try DateTimeDecoding.dates(span)
        case .time: return try DateTimeDecoding.times(span)
        case .timeTZ: return try DateTimeDecoding.zonedTimes(span)
        case .timestamp, .timestampTZ: return try DateTimeDecoding.timestamps(span)
        case .interval: return try DateTimeDecoding.intervals(span)
        case .text: return try strings(span, skipping: 0, isText: true)
        case .jsonb: return try strings(span, skipping: 1, isText: true)
        case .bytes: return try strings(span, skipping: 0, isText: false)
        case .list(let element): return try lists(span, of: element)
        }
    }
}
