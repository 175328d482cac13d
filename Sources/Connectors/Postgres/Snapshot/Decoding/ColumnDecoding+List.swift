import TandemRows

extension ColumnDecoding {
    /// Arrays: a header (how many dimensions, whether there are nulls, the element's type), the length and first
    /// index of each dimension, and the elements one after another, each with its length.
    func lists(_ span: CellSpan, of element: CellDecoder) throws(MalformedCell) -> DecodedColumn {
        try lists(span) { cell, elements throws(MalformedCell) in
            try Self.locate(cell, in: span.base, elements: &elements)
        } decode: { cells throws(MalformedCell) in
            try decode(CellSpan(cells: cells, storage: span.storage), as: element)
        }
    }

    /// Lists whose elements `locate` appends, each of them a cell, and `decode` decodes for all rows at once.
    ///
    /// - Parameter locate: Returns `false`, and appends nothing, for an array of another shape than a list.
    func lists(
        _ span: CellSpan,
        locate: (TupleBuffer.Cell, inout [TupleBuffer.Cell]) throws(MalformedCell) -> Bool,
        decode: (UnsafeBufferPointer<TupleBuffer.Cell>) throws(MalformedCell) -> DecodedColumn
    ) throws(MalformedCell) -> DecodedColumn {
        var nulls = NullMask(count: span.count)
        var unfit: [Int] = []
        var offsets = [0]
        offsets.reserveCapacity(span.count + 1)
        var elements: [TupleBuffer.Cell] = []
        for (row, cell) in span.cells.enumerated() {
            if cell.length < 0 {
                nulls.insert(row)
            } else if try !locate(cell, &elements) {
                nulls.insert(row)
                unfit.append(row)
            }
            offsets.append(elements.count)
        }
        let decoded = elements.withUnsafeBufferPointer { cells in
            Result { () throws(MalformedCell) in try decode(cells) }
        }
        let values = try decoded.get()
        if !values.unfit.isEmpty { unfit = Self.rows(holding: values.unfit, offsets: offsets, and: unfit) }
        return DecodedColumn(.list(offsets: offsets, values: values.column), nulls: nulls, unfit: unfit)
    }

    /// Appends the elements of one array.
    ///
    /// - Returns: `false`, and nothing appended, for one of another shape than a list.
    private static func locate(
        _ cell: TupleBuffer.Cell,
        in base: UnsafeRawPointer,
        elements: inout [TupleBuffer.Cell]
    ) throws(MalformedCell) -> Bool {
        let length = Int(cell.length)
        let array = base + Int(cell.start)
        guard length >= 12 else { throw MalformedCell() }
        let dimensions = big32(array)
        // As many as the server allows.
        guard (0...6).contains(dimensions), length >= 12 + 8 * Int(dimensions) else { throw MalformedCell() }
        if dimensions == 0 { return true }
        guard dimensions == 1, big32(array + 16) == 1 else { return false }
        let count = big32(array + 12)
        var at = 20
        // Each element takes four bytes at least.
        guard count >= 0, Int(count) <= (length - at) / 4 else { throw MalformedCell() }
        for _ in 0..<count {
            guard length - at >= 4 else { throw MalformedCell() }
            let size = big32(array + at)
            at += 4
            guard size >= -1, Int(max(size, 0)) <= length - at else { throw MalformedCell() }
            elements.append(TupleBuffer.Cell(start: cell.start + UInt32(at), length: size))
            at += Int(max(size, 0))
        }
        guard at == length else { throw MalformedCell() }
        return true
    }

    /// The rows that hold the elements `indexes`, with `others`, ascending.
    private static func rows(holding indexes: [Int], offsets: [Int], and others: [Int]) -> [Int] {
        var rows = Set(others)
        var row = 0
        for index in indexes {
            while offsets[row + 1] <= index { row += 1 }
            rows.insert(row)
        }
        return rows.sorted()
    }
}
