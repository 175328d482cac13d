import TandemRows

/// One number per row: where its next cell goes.
extension [Int] {
    /// Writes the cells of `column`, and moves every row's number behind its cell.
    ///
    /// - Parameter scratch: Where that goes which belongs to no row: elements of lists that are null.
    mutating func write(
        _ column: Column,
        as encoder: CellEncoder,
        to base: UnsafeMutableRawPointer,
        scratch: Int
    ) throws(Unwritable) {
        let validity = column.validity
        switch (encoder, column.storage) {
        case (.bool, .bool(let values)):
            try put(values, width: 1, validity, base) { $1.storeBytes(of: $0 ? 1 : 0, as: UInt8.self) }
        case (.int16, .int16(let values)): try put(values, width: 2, validity, base) { put16($0, at: $1) }
        case (.int32, .int32(let values)): try put(values, width: 4, validity, base) { put32($0, at: $1) }
        case (.int64, .int64(let values)), (.time, .int64(let values)):
            try put(values, width: 8, validity, base) { put64($0, at: $1) }
        case (.float32, .float32(let values)):
            try put(values, width: 4, validity, base) { put32(Int32(bitPattern: $0.bitPattern), at: $1) }
        case (.float64, .float64(let values)):
            try put(values, width: 8, validity, base) { put64(Int64(bitPattern: $0.bitPattern), at: $1) }
        case (.date, .int32(let values)):
            try put(values, width: 4, validity, base) { put32(PostgresTime.days($0), at: $1) }
        case (.timestamp, .int64(let values)):
            try put(values, width: 8, validity, base) { put64(PostgresTime.microseconds($0), at: $1) }
        case (.timeTZ, .int64(let values)):
            try put(values, width: 12, validity, base) { value, place in
                put64(value >> 24, at: place)
                put32(PostgresTime.west(value), at: place + 8)
            }
        case (.interval, .interval(let values)):
            try put(values, width: 16, validity, base) { value, place in
                put64(value.microseconds, at: place)
                put32(value.days, at: place + 8)
                put32(value.months, at: place + 12)
            }
        case (.uuid, .int128(let values)):
            try put(values, width: 16, validity, base) { value, place in
                put64(Int64(truncatingIfNeeded: value >> 64) ^ .min, at: place)
                put64(Int64(truncatingIfNeeded: value), at: place + 8)
            }
        case (.decimal(let precision, let scale), let storage):
            try put(storage, DecimalLayout(precision: precision, scale: scale), validity, base)
        case (.bytes, .bytes(let views)), (.jsonb, .bytes(let views)):
            put(views, isVersioned: encoder == .jsonb, validity, base)
        case (.numericText, .bytes(let views)):
            for row in indices {
                guard let place = start(row, validity, base) else { continue }
                let number = try NumericText(views[row])
                number.write(to: place + 4)
                finish(row, length: number.encodedLength, at: place)
            }
        case (.list(let element, let type), .list(let offsets, let values)):
            try put(offsets, values, element, type: type, validity, base, scratch: scratch)
        default: throw .layout
        }
    }

    /// Where the cell of `row` goes; a null is written at once, and has no place.
    @inline(__always)
    private mutating func start(
        _ row: Int,
        _ validity: Bitmap?,
        _ base: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer? {
        let place = base + self[row]
        guard validity.map({ $0[row] }) ?? true else {
            put32(-1, at: place)
            self[row] += 4
            return nil
        }
        return place
    }

    @inline(__always)
    private mutating func finish(_ row: Int, length: Int, at place: UnsafeMutableRawPointer) {
        put32(Int32(truncatingIfNeeded: length), at: place)
        self[row] += 4 + length
    }

    /// Cells that all have the same width.
    @inline(__always)
    private mutating func put<Value>(
        _ values: [Value],
        width: Int,
        _ validity: Bitmap?,
        _ base: UnsafeMutableRawPointer,
        _ write: (Value, UnsafeMutableRawPointer) -> Void
    ) throws(Unwritable) {
        guard values.count >= count else { throw .layout }
        if validity == nil {
            for row in indices {
                let place = base + self[row]
                write(values[row], place + 4)
                finish(row, length: width, at: place)
            }
        } else {
            for row in indices {
                guard let place = start(row, validity, base) else { continue }
                write(values[row], place + 4)
                finish(row, length: width, at: place)
            }
        }
    }

    @inline(__always)
    private mutating func put(
        _ strings: ByteViews,
        isVersioned: Bool,
        _ validity: Bitmap?,
        _ base: UnsafeMutableRawPointer
    ) {
        for row in indices {
            guard let place = start(row, validity, base) else { continue }
            let bytes = strings[row]
            var content = place + 4
            if isVersioned {
                content.storeBytes(of: 1, as: UInt8.self)
                content += 1
            }
            if let source = bytes.baseAddress { content.copyMemory(from: source, byteCount: bytes.count) }
            finish(row, length: bytes.count + (isVersioned ? 1 : 0), at: place)
        }
    }

    private mutating func put(
        _ storage: Column.Storage,
        _ layout: DecimalLayout,
        _ validity: Bitmap?,
        _ base: UnsafeMutableRawPointer
    ) throws(Unwritable) {
        let width = layout.width
        switch storage {
        case .int16(let values): try put(values, width: width, validity, base) { layout.write(Int64($0), to: $1) }
        case .int32(let values): try put(values, width: width, validity, base) { layout.write(Int64($0), to: $1) }
        case .int64(let values): try put(values, width: width, validity, base) { layout.write($0, to: $1) }
        case .int128(let values): try put(values, width: width, validity, base) { layout.write($0, to: $1) }
        default: throw .layout
        }
    }

    private mutating func put(
        _ offsets: [Int],
        _ values: Column,
        _ element: CellEncoder,
        type: UInt32,
        _ validity: Bitmap?,
        _ base: UnsafeMutableRawPointer,
        scratch: Int
    ) throws(Unwritable) {
        var places = [Int](repeating: 0, count: offsets[count])
        _ = try places.measure(values, as: element)
        for row in indices {
            let range = offsets[row]..<offsets[row + 1]
            guard let place = start(row, validity, base) else {
                for index in range { places[index] = scratch }
                continue
            }
            var hasNulls = false
            if let nulls = values.validity { for index in range where !nulls[index] { hasNulls = true } }
            put32(range.isEmpty ? 0 : 1, at: place + 4)
            put32(hasNulls ? 1 : 0, at: place + 8)
            put32(Int32(bitPattern: type), at: place + 12)
            if !range.isEmpty {
                put32(Int32(truncatingIfNeeded: range.count), at: place + 16)
                put32(1, at: place + 20)
            }
            var end = ListLayout.headerLength(elements: range.count)
            for index in range {
                let length = places[index]
                places[index] = self[row] + 4 + end
                end += length
            }
            finish(row, length: end, at: place)
        }
        try places.write(values, as: element, to: base, scratch: scratch)
    }
}

/// Postgres counts from 2000-01-01, a ``Column`` from 1970-01-01. What is out of its range is refused by the server.
enum PostgresTime {
    @inline(__always)
    static func days(_ value: Int32) -> Int32 {
        if value == .max { return .max }
        if value == -.max { return .min }
        let (days, isOverflow) = value.subtractingReportingOverflow(10_957)
        // A date before all that Postgres knows, instead of its minus infinity.
        return isOverflow ? .min + 1 : days
    }

    @inline(__always)
    static func microseconds(_ value: Int64) -> Int64 {
        if value == .max { return .max }
        if value == -.max { return .min }
        let (microseconds, isOverflow) = value.subtractingReportingOverflow(946_684_800_000_000)
        return isOverflow ? .min + 1 : microseconds
    }

    /// The zone as Postgres has it: seconds west of UTC.
    @inline(__always)
    static func west(_ value: Int64) -> Int32 { Int32(truncatingIfNeeded: value & 0xFF_FFFF) - 57_599 }
}
