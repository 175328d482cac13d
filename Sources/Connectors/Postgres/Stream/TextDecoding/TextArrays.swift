import TandemRows

/// Finds the elements of arrays written as text, `{1,NULL,"with, comma"}`, where they lie.
struct TextArrays {
    private let base: UnsafeRawPointer
    private let delimiter: UInt8
    /// The elements in which backslashes stand before some characters, ascending, by their place among all.
    private(set) var escaped: [Int] = []

    init(base: UnsafeRawPointer, delimiter: UInt8) {
        self.base = base
        self.delimiter = delimiter
    }

    /// Appends the elements of one array.
    ///
    /// - Returns: `false`, and nothing appended, for one of another shape than a list.
    mutating func locate(
        _ cell: TupleBuffer.Cell,
        elements: inout [TupleBuffer.Cell]
    ) throws(MalformedCell) -> Bool {
        var text = TextCursor(base + Int(cell.start), length: Int(cell.length))
        let hasBounds = text.next == UInt8(ascii: "[")
        while text.take(UInt8(ascii: "[")) { try passBounds(&text) }
        if hasBounds, !text.take(UInt8(ascii: "=")) { throw MalformedCell() }
        guard text.take(UInt8(ascii: "{")) else { throw MalformedCell() }
        if hasBounds || text.next == UInt8(ascii: "{") {
            let last = Int(cell.start) + Int(cell.length) - 1
            guard base.load(fromByteOffset: last, as: UInt8.self) == UInt8(ascii: "}") else { throw MalformedCell() }
            return false
        }
        if text.takeRest("}") { return true }
        repeat { try take(&text, into: &elements) } while text.take(delimiter)
        guard text.takeRest("}") else { throw MalformedCell() }
        return true
    }

    /// One dimension's first and last index, `0:7]`.
    private func passBounds(_ text: inout TextCursor) throws(MalformedCell) {
        _ = text.sign()
        guard text.digits(upTo: 10) != nil, text.take(UInt8(ascii: ":")) else { throw MalformedCell() }
        _ = text.sign()
        guard text.digits(upTo: 10) != nil, text.take(UInt8(ascii: "]")) else { throw MalformedCell() }
    }

    /// One element: between quotes, or up to what ends it.
    private mutating func take(
        _ text: inout TextCursor,
        into elements: inout [TupleBuffer.Cell]
    ) throws(MalformedCell) {
        if text.take(UInt8(ascii: "\"")) {
            let start = text.at
            var isEscaped = false
            while text.next != UInt8(ascii: "\"") {
                if text.take(UInt8(ascii: "\\")) { isEscaped = true }
                guard !text.isAtEnd else { throw MalformedCell() }
                text.skip()
            }
            if isEscaped { escaped.append(elements.count) }
            elements.append(cell(from: start, to: text.at))
            text.skip()
        } else {
            let start = text.at
            while text.next != delimiter, text.next != UInt8(ascii: "}") {
                guard !text.isAtEnd, !Self.isQuoted(text.next) else { throw MalformedCell() }
                text.skip()
            }
            guard text.at > start else { throw MalformedCell() }
            var word = TextCursor(start, length: text.at - start)
            elements.append(word.takeRest("NULL") ? .null : cell(from: start, to: text.at))
        }
    }

    /// What stands only between quotes.
    private static func isQuoted(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "{")
    }

    private func cell(from start: UnsafeRawPointer, to end: UnsafeRawPointer) -> TupleBuffer.Cell {
        TupleBuffer.Cell(
            start: UInt32(truncatingIfNeeded: start - base),
            length: Int32(truncatingIfNeeded: end - start)
        )
    }

    /// The same elements without their backslashes, in a storage of their own.
    func unescaped(
        _ elements: UnsafeBufferPointer<TupleBuffer.Cell>
    ) -> (elements: [TupleBuffer.Cell], storage: ByteStorage) {
        let storage = ByteStorage(capacity: elements.reduce(0) { $0 + Int(max($1.length, 0)) })
        var cells = Array(elements)
        var escaped = escaped[...]
        for (index, cell) in elements.enumerated() where cell.length >= 0 {
            let text = UnsafeRawBufferPointer(start: base + Int(cell.start), count: Int(cell.length))
            let start: Int
            if escaped.first == index {
                escaped.removeFirst()
                start = Self.append(text, to: storage)
            } else {
                start = storage.append(text)
            }
            cells[index].start = UInt32(truncatingIfNeeded: start)
            cells[index].length = Int32(truncatingIfNeeded: storage.count - start)
        }
        return (cells, storage)
    }

    /// Appends `text`, in which a backslash never is the last byte, without its backslashes.
    private static func append(_ text: UnsafeRawBufferPointer, to storage: ByteStorage) -> Int {
        let start = storage.count
        var rest = text[...]
        while let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            storage.append(UnsafeRawBufferPointer(rebasing: rest[..<backslash]))
            // The next byte stands for itself.
            storage.append(UnsafeRawBufferPointer(rebasing: rest[(backslash + 1)...(backslash + 1)]))
            rest = rest[(backslash + 2)...]
        }
        storage.append(UnsafeRawBufferPointer(rebasing: rest))
        return start
    }
}
