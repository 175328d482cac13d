import TandemRows

extension ColumnDecoding {
    /// Strings stay where they are; the column points at them.
    ///
    /// - Parameter skipped: Bytes before each string: the version of `jsonb`, which is 1.
    func strings(_ span: CellSpan, skipping skipped: Int32, isText: Bool) throws(MalformedCell) -> DecodedColumn {
        var nulls = NullMask(count: span.count)
        var isMalformed = false
        let base = span.base
        let views = [ByteViews.View](unsafeUninitializedCapacity: span.count) { out, initialized in
            for row in 0..<span.cells.count {
                let cell = span.cells[row]
                var view = ByteViews.View(start: 0, length: 0)
                if cell.length < 0 {
                    nulls.insert(row)
                } else if cell.length < skipped
                    || (skipped == 1 && base.load(fromByteOffset: Int(cell.start), as: UInt8.self) != 1)
                {
                    isMalformed = true
                } else {
                    let start = cell.start &+ UInt32(truncatingIfNeeded: skipped)
                    view = ByteViews.View(start: start, length: UInt32(truncatingIfNeeded: cell.length &- skipped))
                }
                out.initializeElement(at: row, to: view)
            }
            initialized = span.count
        }
        guard !isMalformed else { throw MalformedCell() }
        let strings = ByteViews(views: views, storage: span.storage)
        guard isText && checksUTF8 else { return DecodedColumn(.bytes(strings), nulls: nulls) }
        let (valid, unfit) = UTF8Check.escaped(strings)
        return DecodedColumn(.bytes(valid), nulls: nulls, unfit: unfit)
    }
}

/// Text of servers that keep whatever bytes they are given (`SQL_ASCII`).
enum UTF8Check {
    /// `strings`, where each byte that is no part of UTF-8 has become a backslash and three octal digits, as `bytea`
    /// is escaped, and each backslash of such a string two.
    static func escaped(_ strings: ByteViews) -> (strings: ByteViews, unfit: [Int]) {
        let unfit = strings.views.indices.filter { String(validating: strings[$0], as: UTF8.self) == nil }
        guard !unfit.isEmpty else { return (strings, []) }
        let copy = ByteStorage()
        var views = strings.views
        let isUnfit = Set(unfit)
        for row in views.indices {
            let bytes = strings[row]
            if isUnfit.contains(row) {
                let text = escaped(bytes)
                let start = text.withUnsafeBytes { copy.append($0) }
                views[row] = ByteViews.View(start: UInt32(start), length: UInt32(text.count))
            } else {
                views[row].start = UInt32(copy.append(bytes))
            }
        }
        return (ByteViews(views: views, storage: copy), unfit)
    }

    private static func escaped(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.first {
            let length = sequenceLength(rest)
            if length == 0 {
                text += [0x5C, 0x30 + byte >> 6, 0x30 + byte >> 3 & 7, 0x30 + byte & 7]
            } else if byte == 0x5C {
                text += [0x5C, 0x5C]
            } else {
                text += rest.prefix(length)
            }
            rest = rest.dropFirst(max(length, 1))
        }
        return text
    }

    /// How many bytes the character at the front takes; 0 where there is none.
    private static func sequenceLength(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        (1...4).first { $0 <= bytes.count && String(validating: bytes.prefix($0), as: UTF8.self) != nil } ?? 0
    }
}
