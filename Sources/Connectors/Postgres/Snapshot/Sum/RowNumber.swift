import TandemCore
import TandemRows

/// A row's number, as ``TableSum`` defines it, written for this server.
struct RowNumber {
    /// An `int8`.
    let expression: String

    /// `nil` where the server vouches for no text, or a type has none.
    init?(of columns: [ColumnReading], on server: ServerCapabilities) {
        let writing = CellWriting(isUTF8: server.serverEncoding == "UTF8")
        var cells: [String] = []
        for column in columns {
            let isText = column.reading.type == .text || column.reading.type == .json
            guard server.sendsValidUTF8 || !isText, let cell = writing.text(of: column) else { return nil }
            cells += cells.isEmpty ? [cell] : ["','", cell]
        }
        let digest = "pg_catalog.md5(\(writing.utf8(Self.concatenation(of: cells))))"
        expression = "('x' || pg_catalog.left(\(digest), 16))::pg_catalog.bit(64)::pg_catalog.int8"
    }

    /// The most arguments a function takes is 100.
    private static let argumentLimit = 96

    /// One text of all, where a null is nothing.
    private static func concatenation(of texts: [String]) -> String {
        guard !texts.isEmpty else { return "''" }
        let parts = stride(from: 0, to: texts.count, by: argumentLimit).map { start in
            let part = texts[start..<min(start + argumentLimit, texts.count)]
            return "pg_catalog.concat(\(part.joined(separator: ", ")))"
        }
        return parts.count == 1 ? parts[0] : concatenation(of: parts)
    }
}

/// Writes a cell's text. The functions called are immutable for one server and its settings, and null of a null.
private struct CellWriting {
    let isUTF8: Bool

    /// `text` as what is hashed: its bytes in UTF-8.
    func utf8(_ text: String) -> String { isUTF8 ? text : "pg_catalog.convert_to(\(text), 'UTF8')" }

    private func md5(_ value: String) -> String { "pg_catalog.md5(\(value))" }

    func text(of column: ColumnReading) -> String? {
        let name = column.name
        switch column.reading.type {
        case .bool: return "\(name)::pg_catalog.int4"
        case .decimal(_, let scale) where column.isAnyDecimal: return "pg_catalog.round(\(name), \(scale))"
        // What `concat` makes of these by their output functions.
        case .int16, .int32, .int64, .decimal, .uuid: return name
        case .text: return text(column)
        case .json: return md5(utf8("\(name)::pg_catalog.text"))
        case .bytes: return md5(name)
        case .date:
            return """
                CASE \(name) WHEN 'infinity' THEN \(Int32.max) WHEN '-infinity' THEN \(-Int32.max) \
                ELSE \(name) - '1970-01-01'::pg_catalog.date END
                """
        case .time: return integer("pg_catalog.time_send(\(name))")
        case .timestamp: return timestamp(name, sentBy: "timestamp_send")
        case .timestampTZ: return timestamp(name, sentBy: "timestamptz_send")
        case .float32, .float64, .timeTZ, .interval, .list: return nil
        }
    }

    /// Of eight bytes.
    private func integer(_ bytes: String) -> String {
        "('x' || pg_catalog.encode(\(bytes), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8"
    }

    /// The server counts from 2000. What an int64 cannot hold counted from 1970 is an error.
    private func timestamp(_ name: String, sentBy function: String) -> String {
        """
        CASE \(name) WHEN 'infinity' THEN \(Int64.max) WHEN '-infinity' THEN \(-Int64.max) \
        ELSE \(integer("pg_catalog.\(function)(\(name))")) + 946684800000000 END
        """
    }

    /// By the output function, as the cell would travel. A plain cast takes the padding off `character(n)`.
    private func text(_ column: ColumnReading) -> String {
        let isText = column.type == Self.textType || column.type == Self.varcharType || column.reading.cast != .none
        let text = isText ? column.expression : "pg_catalog.concat(\(column.name))"
        let bytes = "pg_catalog.octet_length(\(utf8(text)))"
        let short = "WHEN \(bytes) <= \(TableSum.inlineLimit) THEN pg_catalog.concat(\(bytes), ':', \(text))"
        let null = isText ? "" : "WHEN \(column.name) IS NULL THEN NULL "
        return "CASE \(null)\(short) ELSE '#' || \(md5(utf8(text))) END"
    }

    private static let textType: UInt32 = 25
    private static let varcharType: UInt32 = 1043
}
