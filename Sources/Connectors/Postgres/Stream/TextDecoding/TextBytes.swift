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
        func byte(_ offset: Int) -> UInt8 { at.load(fromByteOffset: offset, as: UInt8.self) }
        func half(_ offset: Int) -> UInt64 {
            UInt64(UInt32(littleEndian: at.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
        let hyphen = UInt8(ascii: "-")
        guard byte(8) == hyphen, byte(13) == hyphen, byte(18) == hyphen, byte(23) == hyphen,
            let a = HexDigits.bytes(half(0) | half(4) << 32), let b = HexDigits.bytes(half(9) | half(14) << 32),
            let c = HexDigits.bytes(half(19) | half(24) << 32), let d = HexDigits.bytes(half(28) | half(32) << 32)
        else { return nil }
        let high = (UInt64(a.byteSwapped) << 32 | UInt64(b.byteSwapped)) ^ 1 << 63
        return Int128(Int64(bitPattern: high)) << 64 | Int128(UInt64(c.byteSwapped) << 32 | UInt64(d.byteSwapped))
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
            var isHex = false
            let start = storage.append(count: count / 2) { isHex = HexDigits.copy(digits, count: count, to: $0) }
            guard isHex else { throw MalformedCell() }
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
