import FoundationEssentials
package import TandemRows

/// What is remembered of a copy besides its schema, as numbers and names with commas between; its cursor and its issues
/// as JSON. Nothing where there is none.
extension CopiedTable {
    package var leftOutText: String? {
        leftOut.isEmpty ? nil : leftOut.sorted().map(Self.written).joined(separator: ",")
    }

    package var ownColumnsText: String? { ownColumns.isEmpty ? nil : ownColumns.names.joined(separator: ",") }

    package var partsText: String? {
        parts.isEmpty
            ? nil : parts.sorted { $0.key < $1.key }.map { "\(Self.written($0)):\($1)" }.joined(separator: ",")
    }

    /// As JSON: names hold what they like.
    package var keptColumnsText: String? {
        get throws {
            try keptColumns.isEmpty ? nil : String(decoding: JSONEncoder().encode(keptColumns.sorted()), as: UTF8.self)
        }
    }

    /// - Throws: `DecodingError`.
    package static func keptColumns(_ text: String?) throws -> Set<String> {
        try text.map { Set(try JSONDecoder().decode([String].self, from: Data($0.utf8))) } ?? []
    }

    package var definitionText: String? { definition?.text }

    package var cursorText: String? {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return try cursor.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        }
    }

    /// - Throws: `DecodingError` for what this version does not know.
    package static func cursor(_ text: String?) throws -> CursorState? {
        try text.map { try JSONDecoder().decode(CursorState.self, from: Data($0.utf8)) }
    }

    package var issuesText: String? {
        get throws {
            guard !issues.isEmpty else { return nil }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(issues), as: UTF8.self)
        }
    }

    /// - Throws: `DecodingError`.
    package static func issues(_ text: String?) throws -> [RowIssue] {
        try text.map { try JSONDecoder().decode([RowIssue].self, from: Data($0.utf8)) } ?? []
    }

    package static func leftOut(_ text: String?) -> Set<ColumnID> {
        Set((text ?? "").split(separator: ",").map(read))
    }

    package static func parts(_ text: String?) -> [TableID: String] {
        let parts = (text ?? "").split(separator: ",").map { part -> (TableID, String) in
            let words = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (read(words[0]), words.count > 1 ? String(words[1]) : "")
        }
        return Dictionary(parts) { first, _ in first }
    }

    /// An id without what stands between two.
    private static func written<Subject>(_ id: SourceID<Subject>) -> String {
        id.description.replacing(bytes: "%", with: "%25").replacing(bytes: ",", with: "%2C")
            .replacing(bytes: ":", with: "%3A")
    }

    private static func read<Subject>(_ text: Substring) -> SourceID<Subject> {
        let parts = text.replacing(bytes: "%3A", with: ":").replacing(bytes: "%2C", with: ",")
        return SourceID(parts.replacing(bytes: "%25", with: "%"))
    }

    /// A table's id, where what is remembered has room for a number only: 0 stands for that of `name`.
    package static func id(_ text: String?, of name: TableName) -> TableID {
        text == nil || text == "0" ? TableID(named: name) : TableID(text ?? "")
    }

    package var idText: String { UInt32(schema.id.description)?.description ?? "0" }

    package static func ownColumns(_ text: String?) -> OwnColumns {
        OwnColumns(names: (text ?? "").split(separator: ",").map(String.init))
    }
}
