/// The values that tell one row of a table from its others, apart from any batch.
///
/// Equal for values whose bits are equal, as a source sends them.
public struct RowKey: Hashable, Sendable {
    enum Cell: Hashable, Sendable {
        /// What is stored as a number, or the bits of one that floats.
        case number(Int128)
        case bytes([UInt8])
    }

    let cells: [Cell]

    /// The key of a row, in `columns` of its batch. `nil` where a value is null or absent, or of a type that cannot be
    /// told here: a list, or an interval.
    public init?(_ row: Int, of batch: RowBatch, columns: some Sequence<Int>) {
        var cells: [Cell] = []
        for index in columns {
            guard let cell = Self.cell(row, of: batch.columns[index]) else { return nil }
            cells.append(cell)
        }
        guard !cells.isEmpty else { return nil }
        self.cells = cells
    }

    private static func cell(_ row: Int, of column: Column) -> Cell? {
        guard !column.isNull(row), column.absent?[row] != true else { return nil }
        switch column.storage {
        case .bool(let values): return .number(values[row] ? 1 : 0)
        case .int16(let values): return .number(Int128(values[row]))
        case .int32(let values): return .number(Int128(values[row]))
        case .int64(let values): return .number(Int128(values[row]))
        case .int128(let values): return .number(values[row])
        case .float32(let values): return .number(Int128(values[row].bitPattern))
        case .float64(let values): return .number(Int128(values[row].bitPattern))
        case .bytes(let views): return .bytes(Array(views[row]))
        case .interval, .list: return nil
        }
    }
}

extension RowBatch {
    /// Rows that hold nothing but keys.
    ///
    /// - Parameters:
    ///   - types: The types of the key's columns, in its order.
    /// - Returns: `nil` where a key is none of these types.
    public init?(_ keys: [RowKey], as types: [ColumnType]) {
        var columns: [Column] = []
        for (place, type) in types.enumerated() {
            let cells = keys.compactMap { $0.cells.count == types.count ? $0.cells[place] : nil }
            guard cells.count == keys.count, let column = Column(cells, as: type) else { return nil }
            columns.append(column)
        }
        self.init(rowCount: keys.count, columns: columns, byteCount: 0)
    }
}

extension Column {
    fileprivate init?(_ cells: [RowKey.Cell], as type: ColumnType) {
        switch type {
        case .text, .json, .bytes:
            let storage = ByteStorage()
            var views: [ByteViews.View] = []
            for cell in cells {
                guard case .bytes(let bytes) = cell else { return nil }
                let start = bytes.withUnsafeBytes { storage.append($0) }
                views.append(ByteViews.View(start: UInt32(start), length: UInt32(bytes.count)))
            }
            self.init(storage: .bytes(ByteViews(views: views, storage: storage)))
        default:
            let numbers = cells.compactMap { cell in if case .number(let number) = cell { number } else { nil } }
            guard numbers.count == cells.count, let storage = Storage(numbers, as: type) else { return nil }
            self.init(storage: storage)
        }
    }
}

extension Column.Storage {
    fileprivate init?(_ numbers: [Int128], as type: ColumnType) {
        switch type {
        case .bool: self = .bool(numbers.map { $0 != 0 })
        case .int16: self = .int16(numbers.map { Int16(truncatingIfNeeded: $0) })
        case .int32, .date: self = .int32(numbers.map { Int32(truncatingIfNeeded: $0) })
        case .int64, .time, .timeTZ, .timestamp, .timestampTZ:
            self = .int64(numbers.map { Int64(truncatingIfNeeded: $0) })
        case .uuid: self = .int128(numbers)
        case .float32: self = .float32(numbers.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
        case .float64: self = .float64(numbers.map { Double(bitPattern: UInt64(truncatingIfNeeded: $0)) })
        case .decimal(let precision, _):
            switch precision {
            case ...4: self = .int16(numbers.map { Int16(truncatingIfNeeded: $0) })
            case ...9: self = .int32(numbers.map { Int32(truncatingIfNeeded: $0) })
            case ...18: self = .int64(numbers.map { Int64(truncatingIfNeeded: $0) })
            default: self = .int128(numbers)
            }
        case .text, .json, .bytes, .interval, .list: return nil
        }
    }
}

extension RowKey {
    /// A text for each value: `n` and a number, `t` and a text, or `x` and bytes that are none, in hexadecimal.
    public var texts: [String] {
        cells.map { cell in
            switch cell {
            case .number(let number): return "n\(number)"
            case .bytes(let bytes):
                if let text = String(validating: bytes, as: UTF8.self) { return "t" + text }
                return "x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
        }
    }

    /// The key that ``texts`` tells; `nil` for what it would not say.
    public init?(texts: [String]) {
        var cells: [Cell] = []
        for text in texts {
            guard let cell = Self.cell(text) else { return nil }
            cells.append(cell)
        }
        guard !cells.isEmpty else { return nil }
        self.cells = cells
    }

    private static func cell(_ text: String) -> Cell? {
        let rest = text.dropFirst()
        switch text.first {
        case "n": return Int128(rest).map(Cell.number)
        case "t": return .bytes(Array(rest.utf8))
        case "x":
            let digits = rest.compactMap(\.hexDigitValue)
            guard digits.count == rest.utf8.count, digits.count % 2 == 0 else { return nil }
            return .bytes(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
        default: return nil
        }
    }
}
