import TandemRows

/// Values for one parameter of a statement.
struct BoundArray {
    var type: BoundType
    var values: Column
    /// How many.
    var count: Int

    /// - Parameters:
    ///   - values: Each of which `column` can hold.
    /// - Returns: `nil` where one is not of its type.
    init?(_ values: [Value], of column: ColumnSchema) {
        type = BoundType(column.type)
        var values = values
        switch column.type {
        case .list:
            for index in values.indices where values[index] != .null {
                let text = ValueText.of(values[index], column.type, delimiter: column.listDelimiter)
                guard let text else { return nil }
                values[index] = .text(text)
            }
        default: guard values.allSatisfy({ $0.isWithin(column.type) }) else { return nil }
        }
        guard let made = Column(values, as: type.written) else { return nil }
        self.values = made
        count = values.count
    }

    init(numbers: [Int64]) { self.init(.number, Column(storage: .int64(numbers)), numbers.count) }

    init(transactions: [UInt32]) {
        let bits = transactions.map { Int32(bitPattern: $0) }
        self.init(.transaction, Column(storage: .int32(bits)), bits.count)
    }

    /// One text.
    init(text: String) { self.init(.text, Self.column(Array(text.utf8)), 1) }

    /// One value of bytes.
    init(bytes: [UInt8]) { self.init(BoundType(.bytes), Self.column(bytes), 1) }

    private init(_ type: BoundType, _ values: Column, _ count: Int) {
        (self.type, self.values, self.count) = (type, values, count)
    }

    private static func column(_ bytes: [UInt8]) -> Column {
        let storage = ByteStorage(capacity: bytes.count)
        let start = bytes.withUnsafeBytes { storage.append($0) }
        let view = ByteViews.View(start: UInt32(start), length: UInt32(bytes.count))
        return Column(storage: .bytes(ByteViews(views: [view], storage: storage)))
    }
}

extension Value {
    /// Whether a number is one that the type has room for, instead of another that its bits would make.
    fileprivate func isWithin(_ type: ColumnType) -> Bool {
        guard case .number(let number) = self else { return true }
        return switch type {
        case .bool: number == 0 || number == 1
        case .int16: Int16(exactly: number) != nil
        case .int32, .date: Int32(exactly: number) != nil
        case .int64, .time, .timeTZ, .timestamp, .timestampTZ: Int64(exactly: number) != nil
        case .float32: UInt32(exactly: number) != nil
        case .float64: UInt64(exactly: number) != nil
        case .decimal(let precision, _): number.magnitude < Self.power(of: precision)
        case .uuid, .text, .json, .bytes, .interval, .list: true
        }
    }

    private static func power(of precision: Int) -> UInt128 {
        (0..<min(precision, 38)).reduce(1) { power, _ in power * 10 }
    }
}

extension RowEncoder {
    /// Calls `body` with the arrays as parameters of a statement: where each lies and how long it is.
    ///
    /// - Throws: ``UnwritableColumn``.
    func encode(
        _ arrays: [BoundArray],
        _ body: ([UnsafePointer<CChar>?], [Int32]) throws -> Void
    ) throws {
        let lists = arrays.map { Column(storage: .list(offsets: [0, $0.count], values: $0.values)) }
        let encoders = arrays.map { CellEncoder.list($0.type.encoder, type: $0.type.element) }
        let row = try encode(lists, rows: 1, as: encoders)
        var (places, lengths): ([UnsafePointer<CChar>?], [Int32]) = ([], [])
        var at = MemoryLayout<Int16>.size
        for _ in arrays {
            let length = row.bigEndian(Int32.self, at: at)
            at += 4
            places.append(row.baseAddress.map { ($0 + at).assumingMemoryBound(to: CChar.self) })
            lengths.append(length)
            at += Int(length)
        }
        try body(places, lengths)
    }
}
