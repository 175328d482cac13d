import TandemRows

/// Values written in hexadecimal digits.
enum TextBytes {
    static func uuids(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int128(0)) { at, length in
            guard length == 36, let value = uuid(at) else { return .malformed }
            return .value(value)
        }
        return DecodedColumn(.int128(values), nulls: nulls, unfit: unfit)
    }

    /// Sixteen bytes, and hyphens after the fourth, sixth, eighth and tenth.
    @inline(__always)
    private static func uuid(_ at: UnsafeRawPointer) -> Int128? {
        guard [8, 13, 18, 23].allSatisfy({ (at + $0).load(as: UInt8.self) == UInt8(ascii: "-") }) else { return nil }
        guard let a = digits(at, 8), let b = digits(at + 9, 4), let c = digits(at + 14, 4),
            let d = digits(at + 19, 4), let e = digits(at + 24, 12)
        else { return nil }
        let high = (a << 32 | b << 16 | c) ^ 1 << 63
        return Int128(Int64(bitPattern: high)) << 64 | Int128(d << 48 | e)
    }

    /// At most sixteen digits.
    @inline(__always)
    private static func digits(_ at: UnsafeRawPointer, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        var wrong: UInt8 = 0
        for index in 0..<count {
            let digit = digit((at + index).load(as: UInt8.self))
            wrong |= digit
            value = value << 4 | UInt64(digit & 15)
        }
        return wrong < 16 ? value : nil
    }

    /// Above 15 for what is no digit.
    @inline(__always)
    private static func digit(_ byte: UInt8) -> UInt8 {
        let decimal = byte &- 0x30
        let letter = (byte | 0x20) &- 0x61
        return decimal < 10 ? decimal : letter < 6 ? letter &+ 10 : 0xFF
    }
}

extension TextBytes {
    /// `bytea`, whose digits become bytes in a storage of the column's own.
    static func bytes(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        var nulls = NullMask(count: span.count)
        let storage = ByteStorage(capacity: span.cells.reduce(0) { $0 + Int(max($1.length, 0)) } / 2)
        var views: [ByteViews.View] = []
        views.reserveCapacity(span.count)
        for (row, cell) in span.cells.enumerated() {
            guard cell.length >= 0 else {
                nulls.insert(row)
                views.append(ByteViews.View(start: 0, length: 0))
                continue
            }
            let prefix = hasPrefix(span.bytes(cell)) ? 2 : 0
            let count = Int(cell.length) - prefix
            let digits = span.base + Int(cell.start) + prefix
            guard count % 2 == 0 else { throw MalformedCell() }
            var wrong: UInt8 = 0
            let start = storage.append(count: count / 2) { bytes in
                for index in 0..<count / 2 {
                    let high = digit(digits.load(fromByteOffset: 2 &* index, as: UInt8.self))
                    let low = digit(digits.load(fromByteOffset: 2 &* index &+ 1, as: UInt8.self))
                    wrong |= high | low
                    bytes.storeBytes(of: high << 4 | low & 15, toByteOffset: index, as: UInt8.self)
                }
            }
            guard wrong < 16 else { throw MalformedCell() }
            views.append(ByteViews.View(start: UInt32(truncatingIfNeeded: start), length: UInt32(count / 2)))
        }
        return DecodedColumn(.bytes(ByteViews(views: views, storage: storage)), nulls: nulls)
    }

    /// `bytea` as text: as it is, but where the prefix was left out.
    static func text(_ column: DecodedColumn) -> DecodedColumn {
        guard case .bytes(let strings) = column.column.storage else { return column }
        let isWhole = strings.views.indices.allSatisfy { column.column.isNull($0) || hasPrefix(strings[$0]) }
        guard !isWhole else { return column }
        let storage = ByteStorage()
        var views = strings.views
        for row in views.indices where !column.column.isNull(row) {
            let text = strings[row]
            let prefix: StaticString = hasPrefix(text) ? "" : "\\x"
            let start = storage.append(UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
            storage.append(text)
            views[row] = ByteViews.View(
                start: UInt32(truncatingIfNeeded: start),
                length: UInt32(storage.count - start)
            )
        }
        var prefixed = column
        prefixed.column.storage = .bytes(ByteViews(views: views, storage: storage))
        return prefixed
    }

    /// `boolean` as text, one letter each.
    static func letters(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let storage = ByteStorage(capacity: 2)
        let letters: StaticString = "ft"
        storage.append(UnsafeRawBufferPointer(start: letters.utf8Start, count: letters.utf8CodeUnitCount))
        let (views, nulls, unfit) = try span.checked(null: ByteViews.View(start: 0, length: 0)) { at, length in
            switch TextNumbers.bool(at, length) {
            case .value(let isTrue): .value(ByteViews.View(start: isTrue ? 1 : 0, length: 1))
            case .nearest, .none, .malformed: .malformed
            }
        }
        return DecodedColumn(.bytes(ByteViews(views: views, storage: storage)), nulls: nulls, unfit: unfit)
    }

    private static func hasPrefix(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count >= 2 && text[0] == UInt8(ascii: "\\") && text[1] == UInt8(ascii: "x")
    }
}
