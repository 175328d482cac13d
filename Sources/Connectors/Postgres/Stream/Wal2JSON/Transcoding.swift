import TandemRows

/// Text in the encoding of a database, as UTF-8. The server sends what wal2json writes as it is; it converts only what
/// sessions and pgoutput send. Which character is which it is asked, so that all say the same; each once.
final class Transcoding {
    /// As the server calls it.
    let encoding: String
    private let query: RelationCatalog.Query
    /// Characters by their bytes, the first one highest.
    private var known: [UInt32: [UInt8]] = [:]
    private var converted: [UInt8] = []

    /// - Returns: `nil` where nothing has to be converted, or can be.
    init?(from encoding: String, query: @escaping RelationCatalog.Query) {
        guard encoding != "UTF8", encoding != "SQL_ASCII" else { return nil }
        self.encoding = encoding
        self.query = query
    }

    /// Calls `body` with `message` as UTF-8.
    ///
    /// - Throws: What asking the server throws, such as that a character has no counterpart; what `body` throws.
    func convert(
        _ message: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard message.contains(where: { $0 >= 0x80 }) else { return try body(message) }
        try learn(message)
        converted.removeAll(keepingCapacity: true)
        converted.reserveCapacity(message.count * 2)
        each(message) { bytes in
            if bytes.count == 1, bytes[bytes.startIndex] < 0x80 {
                converted.append(bytes[bytes.startIndex])
            } else {
                converted.append(contentsOf: known[Self.number(bytes)] ?? [])
            }
        }
        try converted.withUnsafeBytes(body)
    }

    private func learn(_ message: UnsafeRawBufferPointer) throws {
        var new: Set<UInt32> = []
        each(message) { bytes in
            guard bytes[bytes.startIndex] >= 0x80 else { return }
            let number = Self.number(bytes)
            if known[number] == nil { new.insert(number) }
        }
        guard !new.isEmpty else { return }
        let asked = new.sorted()
        let list = asked.map { "\"\\\\x\(Self.hex($0))\"" }.joined(separator: ",")
        let sql = """
            SELECT pg_catalog.convert_from(c, $2::pg_catalog.name)
            FROM pg_catalog.unnest($1::pg_catalog.bytea[]) WITH ORDINALITY AS u (c, i) ORDER BY i
            """
        let rows = try query(sql, ["{\(list)}", encoding]).rows
        for (number, cells) in zip(asked, rows) { known[number] = Array((cells.first.flatMap(\.self) ?? "").utf8) }
    }

    @inline(__always)
    private func each(_ message: UnsafeRawBufferPointer, _ body: (Slice<UnsafeRawBufferPointer>) -> Void) {
        var at = 0
        while at < message.count {
            let end = min(at + length(message[at]), message.count)
            body(message[at..<end])
            at = end
        }
    }

    /// How many bytes a character has that begins with `first`. No encoding of a database has an ASCII byte behind it.
    private func length(_ first: UInt8) -> Int {
        guard first >= 0x80 else { return 1 }
        switch encoding {
        case "EUC_JP", "EUC_JIS_2004": return first == 0x8F ? 3 : 2
        case "EUC_TW": return first == 0x8E ? 4 : first == 0x8F ? 3 : 2
        case "EUC_CN", "EUC_KR": return 2
        case "MULE_INTERNAL":
            switch first {
            case 0x81...0x8D: return 2
            case 0x90...0x9B: return 3
            case 0x9C, 0x9D: return 4
            default: return 1
            }
        default: return 1
        }
    }

    private static func number(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func hex(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return digits.count.isMultiple(of: 2) ? digits : "0" + digits
    }
}
