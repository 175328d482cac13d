public import TandemRows

/// A row that its destination does not hold as its source has it, and why. Never what the row holds, but for its key.
public struct RowIssue: Hashable, Sendable, Codable {
    /// Tells it from every other of a sync, and stays the same for a row: eight hexadecimal digits.
    public var id: String
    /// `nil` where nothing tells the row from others: then only a new copy of its table settles it.
    public var key: RowKey?
    /// The same for people: `id = 5`.
    public var keyText: String
    /// The column whose value is the cause; empty where no single one is.
    public var column: String
    public var cause: String
    /// What the destination's server calls the error (SQLSTATE), where it was the one to refuse.
    public var code: String?
    /// The name of the constraint that refused it.
    public var constraint: String?
    /// Whether the row is gone at the source, and could not be taken away.
    public var isDeletion: Bool
    /// When it was met first: seconds since 1970.
    public var since: Double
    /// Whether somebody has said that it is to stay so.
    public var isIgnored: Bool

    /// As many are remembered of a table. A destination that refuses more of its rows fails instead.
    public static let limit = 1000

    /// - Parameter target: The table that it is an issue of, at the destination.
    public init(
        of target: TableName,
        key: RowKey?,
        keyText: String,
        column: String = "",
        cause: String,
        code: String? = nil,
        constraint: String? = nil,
        isDeletion: Bool = false,
        since: Double
    ) {
        self.key = key
        self.keyText = keyText
        self.column = column
        self.cause = cause
        self.code = code
        self.constraint = constraint
        self.isDeletion = isDeletion
        self.since = since
        isIgnored = false
        let place = key == nil ? "\(keyText)\u{0}\(column)\u{0}\(cause)" : keyText
        id = Self.digits(of: "\(target.schema)\u{0}\(target.table)\u{0}\(place)")
    }

    /// FNV-1a, folded to 32 bits.
    private static func digits(of text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension RowKey {
    /// For people.
    ///
    /// - Parameter schema: The batch's.
    public static func text(_ row: Int, of batch: RowBatch, columns: some Sequence<Int>, schema: TableSchema) -> String
    {
        zip(columns, schema.identity).map { place, index in
            let column = schema.columns[index]
            return "\(column.name) = \(batch.columns[place].text(row, as: column.type) ?? "NULL")"
        }.joined(separator: ", ")
    }
}

/// As the list of its ``RowKey/texts``.
extension RowKey: Codable {
    public init(from decoder: any Decoder) throws {
        guard let key = RowKey(texts: try decoder.singleValueContainer().decode([String].self)) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no key"))
        }
        self = key
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(texts)
    }
}
