/// The values that tell one row of a table from its others, apart from any batch.
///
/// Equal for values whose bits are equal, as a source sends them.
public struct RowKey: Hashable, Sendable {
    /// At least one, none of them null.
    public let values: [Value]

    /// The key of a row, in `columns` of its batch. `nil` where a value is null or absent, or of a type that cannot be
    /// told here: a list, or an interval.
    public init?(_ row: Int, of batch: RowBatch, columns: some Sequence<Int>) {
        var values: [Value] = []
        for index in columns {
            guard batch.columns[index].absent?[row] != true else { return nil }
            values.append(Value(row, of: batch.columns[index]))
        }
        self.init(values)
    }

    /// `nil` where there is none of `values`, or one of them is null or of a type that cannot be told here.
    public init?(_ values: [Value]) {
        let areKeys = values.allSatisfy { value in
            switch value {
            case .number, .bytes: true
            case .null, .interval, .list: false
            }
        }
        guard areKeys, !values.isEmpty else { return nil }
        self.values = values
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
            let values = keys.compactMap { $0.values.count == types.count ? $0.values[place] : nil }
            guard values.count == keys.count, let column = Column(values, as: type) else { return nil }
            columns.append(column)
        }
        self.init(rowCount: keys.count, columns: columns, byteCount: 0)
    }
}

extension RowKey {
    /// A text for each value: `n` and a number, `t` and a text, or `x` and bytes that are none, in hexadecimal.
    public var texts: [String] {
        values.compactMap { value in
            switch value {
            case .number(let number): return "n\(number)"
            case .bytes(let bytes):
                if let text = String(validating: bytes, as: UTF8.self) { return "t" + text }
                return "x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            case .null, .interval, .list: return nil
            }
        }
    }

    /// The key that ``texts`` tells; `nil` for what it would not say.
    public init?(texts: [String]) {
        var values: [Value] = []
        for text in texts {
            guard let value = Self.value(text) else { return nil }
            values.append(value)
        }
        self.init(values)
    }

    private static func value(_ text: String) -> Value? {
        let rest = text.dropFirst()
        switch text.first {
        case "n": return Int128(rest).map(Value.number)
        case "t": return .bytes(Array(rest.utf8))
        case "x":
            let digits = rest.compactMap(\.hexDigitValue)
            guard digits.count == rest.utf8.count, digits.count % 2 == 0 else { return nil }
            return .bytes(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
        default: return nil
        }
    }
}
