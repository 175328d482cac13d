import Foundation

/// The keys that docs/commands.md says a command's `--json` has.
struct DocumentedJSON {
    /// Of each document.
    private(set) var top: Set<String> = []
    /// Of what stands under a key, wherever that is.
    private(set) var under: [String: Set<String>] = ["remedy": ["text", "sql"]]

    /// - Parameter command: As its heading names it: `tandem plan`.
    init(of command: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/commands.md")
        let text = try String(contentsOf: file.standardized, encoding: .utf8)
        let section = text.components(separatedBy: "\n## ").first { $0.hasPrefix(command + "\n") } ?? ""
        guard let start = section.range(of: "\nJSON: ") else { return }
        var subjects: [String] = []
        let words = section[start.upperBound...].matches(of: #/(and\s+|,\s+)?`([^`]+)`/#)
        for match in words {
            let word = match.output.2.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard word.contains("{") else {
                subjects = match.output.1 == nil ? [word] : subjects + [word]
                continue
            }
            for (name, shape) in Self.shapes(word, of: subjects) { note(shape, under: name) }
        }
    }

    private mutating func note(_ keys: Set<String>, under name: String?) {
        if top.isEmpty { top = keys } else if let name { under[name, default: []].formUnion(keys) }
    }

    /// `{a, b: [{c}]}` as the keys of each level.
    private static func shapes(_ text: String, of subjects: [String]) -> [(String?, Set<String>)] {
        var open: [(names: [String?], keys: Set<String>)] = []
        var shapes: [(String?, Set<String>)] = []
        var last = ""
        for match in text.matches(of: #/\w+|[{}]/#) {
            switch match.output {
            case "{":
                let outermost: [String?] = subjects.isEmpty ? [nil] : subjects.map { $0 }
                open.append((open.isEmpty ? outermost : [last], []))
            case "}":
                guard let level = open.popLast() else { continue }
                shapes = level.names.map { ($0, level.keys) } + shapes
            default:
                last = String(match.output)
                // What stands in brackets without a key of its own is a kind of value.
                if !text[..<match.range.lowerBound].hasSuffix("[") { open[open.count - 1].keys.insert(last) }
            }
        }
        return shapes
    }
}
