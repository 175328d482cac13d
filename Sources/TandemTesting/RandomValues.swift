import TandemRows

/// Columns of random values, extremes among them.
struct RandomValues: Sendable {
    var generator: SeededGenerator
    let nulls: Double
    let longest: Int

    init(seed: UInt64, nulls: Double, longest: Int) {
        generator = SeededGenerator(seed: seed)
        self.nulls = nulls
        self.longest = longest
    }

    mutating func column(of type: ColumnType, rows: Int) -> Column {
        let validity = validity(rows: rows)
        return Column(storage: storage(of: type, rows: rows, validity), validity: validity)
    }

    /// Some columns have no nulls, and some of those say so flag by flag.
    private mutating func validity(rows: Int) -> Bitmap? {
        if chance(0.2) { return chance(0.5) ? nil : Bitmap(repeating: true, count: rows) }
        var bitmap = Bitmap(repeating: true, count: rows)
        for row in 0..<rows where chance(nulls) { bitmap.clear(row) }
        return bitmap
    }

    private mutating func storage(of type: ColumnType, rows: Int, _ validity: Bitmap?) -> Column.Storage {
        switch type {
        case .bool: .bool(many(rows) { $0.chance(0.5) })
        case .int16: .int16(many(rows) { $0.integer(in: .min ... .max) })
        case .int32: .int32(many(rows) { $0.integer(in: .min ... .max) })
        case .int64: .int64(many(rows) { $0.integer(in: .min ... .max) })
        case .float32:
            .float32(many(rows) { $0.float(Float.self) { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) } })
        case .float64: .float64(many(rows) { $0.float(Double.self) { Double(bitPattern: $0) } })
        case .decimal(let precision, _): decimal(precision, rows: rows)
        case .text: .bytes(strings(rows, validity) { $0.text() })
        case .json: .bytes(strings(rows, validity) { $0.json() })
        case .bytes: .bytes(strings(rows, validity) { $0.bytes() })
        case .date: .int32(many(rows) { $0.integer(in: -Int32.max...Int32.max) })
        case .time: .int64(many(rows) { $0.integer(in: 0...86_400_000_000) })
        case .timeTZ:
            .int64(
                many(rows) { values in
                    let time: Int64 = values.integer(in: 0...86_400_000_000)
                    return time << 24 + (57_599 - values.integer(in: -57_599...57_599))
                }
            )
        case .timestamp, .timestampTZ: .int64(many(rows) { $0.integer(in: -Int64.max...Int64.max) })
        case .interval:
            .interval(
                many(rows) { values in
                    Interval(
                        months: values.integer(in: .min ... .max),
                        days: values.integer(in: .min ... .max),
                        microseconds: values.integer(in: .min ... .max)
                    )
                }
            )
        case .uuid: .int128(many(rows) { $0.integer(in: .min ... .max) })
        case .list(let element): list(of: element, rows: rows, validity)
        }
    }

    private mutating func decimal(_ precision: Int, rows: Int) -> Column.Storage {
        let most = (0..<precision).reduce(Int128(1)) { product, _ in product * 10 } - 1
        switch precision {
        case ...4: return .int16(many(rows) { Int16($0.integer(in: -most...most)) })
        case ...9: return .int32(many(rows) { Int32($0.integer(in: -most...most)) })
        case ...18: return .int64(many(rows) { Int64($0.integer(in: -most...most)) })
        default: return .int128(many(rows) { $0.integer(in: -most...most) })
        }
    }

    private mutating func list(of element: ColumnType, rows: Int, _ validity: Bitmap?) -> Column.Storage {
        var offsets = [0]
        for row in 0..<rows {
            let count =
                validity.map { $0[row] } ?? true ? Int.random(in: 0...(chance(0.01) ? 300 : 3), using: &generator) : 0
            offsets.append(offsets[row] + count)
        }
        return .list(offsets: offsets, values: column(of: element, rows: offsets[rows]))
    }

    private mutating func many<Value>(_ count: Int, _ value: (inout Self) -> Value) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(value(&self)) }
        return values
    }

    private mutating func strings(_ rows: Int, _ validity: Bitmap?, _ make: (inout Self) -> [UInt8]) -> ByteViews {
        let storage = ByteStorage()
        var views: [ByteViews.View] = []
        for row in 0..<rows {
            guard validity.map({ $0[row] }) ?? true else {
                views.append(.init(start: .max, length: .max))
                continue
            }
            let bytes = make(&self)
            let start = bytes.withUnsafeBytes { storage.append($0) }
            views.append(.init(start: UInt32(start), length: UInt32(bytes.count)))
        }
        return ByteViews(views: views, storage: storage)
    }
}

// MARK: Single values

extension RandomValues {
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    /// Often the ends of `range`, their neighbours, or a number near zero.
    mutating func integer<Value: FixedWidthInteger>(in range: ClosedRange<Value>) -> Value {
        let extremes = [
            range.lowerBound, range.lowerBound + 1, range.upperBound, range.upperBound - 1,
            max(range.lowerBound, 0), min(max(range.lowerBound, 1), range.upperBound),
        ]
        if chance(0.2) { return extremes.randomElement(using: &generator) ?? range.lowerBound }
        if chance(0.3) {
            return .random(in: max(range.lowerBound, -100)...min(range.upperBound, 100), using: &generator)
        }
        return .random(in: range, using: &generator)
    }

    /// Any bit pattern, and often one of the special ones.
    mutating func float<Value: BinaryFloatingPoint>(_: Value.Type, _ pattern: (UInt64) -> Value) -> Value {
        let special: [Value] = [
            .nan, .infinity, -.infinity, 0, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
            .leastNormalMagnitude,
        ]
        if chance(0.2) { return special.randomElement(using: &generator) ?? 0 }
        if chance(0.4) { return Value(Int.random(in: -99_999...99_999, using: &generator)) / 100 }
        return pattern(generator.next())
    }

    /// Lengths on both sides of where string layouts change.
    private mutating func length() -> Int {
        if chance(0.0005) { return longest }
        if chance(0.4) {
            return min([0, 1, 4, 11, 12, 13, 14, 255, 256].randomElement(using: &generator) ?? 0, longest)
        }
        return Int.random(in: 0...min(60, longest), using: &generator)
    }

    mutating func text() -> [UInt8] {
        let letters = ["a", "Z", "0", " ", "'", "\"", "\\", "\n", "\u{1}", "é", "ß", "\u{301}", "北", "𝄞", "👩‍🔧"]
        let length = length()
        var text: [UInt8] = []
        while text.count < length { text += Array((letters.randomElement(using: &generator) ?? "").utf8) }
        // Cut where a character begins, filled up to the length asked for.
        while text.count > length {
            while let last = text.last, last & 0xC0 == 0x80 { text.removeLast() }
            text.removeLast()
        }
        return text + [UInt8](repeating: 0x78, count: length - text.count)
    }

    mutating func json() -> [UInt8] {
        let values = [
            "null", "true", "{}", "[]", "\"\"", "1e400", "123456789012345678901234567890.10",
            "{\"a\":[1,null,{\"b\":\"é\"}]}",
            "{\"a\": 1, \"a\": 2}", "\"\\ud834\\udd1e\"",
        ]
        if chance(0.5) { return Array((values.randomElement(using: &generator) ?? "null").utf8) }
        return [0x22] + [UInt8](repeating: 0x6A, count: length()) + [0x22]
    }

    mutating func bytes() -> [UInt8] { many(length()) { UInt8(truncatingIfNeeded: $0.generator.next()) } }
}
