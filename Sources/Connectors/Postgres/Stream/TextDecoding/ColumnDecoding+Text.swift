import TandemRows

extension ColumnDecoding {
    func decode(_ span: CellSpan, as decoder: TextDecoder) throws(MalformedCell) -> DecodedColumn {
        switch decoder {
        case .bool: return try TextNumbers.bools(span)
        case .int16: return try TextNumbers.integers(span, as: Int16.self) { .int16($0) }
        case .int32: return try TextNumbers.integers(span, as: Int32.self) { .int32($0) }
        case .int64: return try TextNumbers.integers(span, as: Int64.self) { .int64($0) }
        case .float32: return try TextFloats.floats(span)
        case .float64: return try TextFloats.doubles(span)
        case .decimal(let precision, let scale):
            return try TextDecimals(precision: precision, scale: scale).decode(span)
        case .text: return try strings(span, skipping: 0, isText: true)
        case .boolText: return try TextBytes.letters(span)
        case .bytes: return try TextBytes.bytes(span)
        case .bytesText: return TextBytes.text(try strings(span, skipping: 0, isText: true))
        case .date: return try TextDateTimes.dates(span)
        case .time: return try TextDateTimes.times(span)
        case .timeTZ: return try TextDateTimes.zonedTimes(span)
        case .timestamp: return try TextDateTimes.timestamps(span, isZoned: false)
        case .timestampTZ: return try TextDateTimes.timestamps(span, isZoned: true)
        case .interval: return try TextIntervals.decode(span)
        case .uuid: return try TextBytes.uuids(span)
        case .list(let element, let delimiter):
            var arrays = TextArrays(base: span.base, delimiter: delimiter)
            return try lists(span) { cell, elements throws(MalformedCell) in
                try arrays.locate(cell, elements: &elements)
            } decode: { cells throws(MalformedCell) in
                guard !arrays.escaped.isEmpty else {
                    return try decode(CellSpan(cells: cells, storage: span.storage), as: element)
                }
                let (plain, storage) = arrays.unescaped(cells)
                return try plain.withUnsafeBufferPointer { cells throws(MalformedCell) in
                    try decode(CellSpan(cells: cells, storage: storage), as: element)
                }
            }
        }
    }
}
