import FoundationEssentials

/// What is remembered of a copy besides its schema, as numbers and names with commas between; its cursor and its issues
/// as JSON. Nothing where there is none.
extension CopiedTable {
    package var leftOutText: String? {
        leftOut.isEmpty ? nil : leftOut.sorted().map(String.init).joined(separator: ",")
    }

    package var ownColumnsText: String? { ownColumns.isEmpty ? nil : ownColumns.names.joined(separator: ",") }

    package var partsText: String? {
        parts.isEmpty ? nil : parts.sorted { $0.key < $1.key }.map { "\($0):\($1)" }.joined(separator: ",")
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

    package static func leftOut(_ text: String?) -> Set<Int> {
        Set((text ?? "").split(separator: ",").compactMap { Int($0) })
    }

    package static func parts(_ text: String?) -> [UInt32: String] {
        let parts = (text ?? "").split(separator: ",").compactMap { part -> (UInt32, String)? in
            let words = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return words.first.flatMap { UInt32($0) }.map { ($0, words.count > 1 ? String(words[1]) : "") }
        }
        return Dictionary(parts) { first, _ in first }
    }

    package static func ownColumns(_ text: String?) -> OwnColumns {
        OwnColumns(names: (text ?? "").split(separator: ",").map(String.init))
    }
}
