import TandemRows
import Yams

extension ConfigurationReader {
    /// A scalar as it was written, with variables expanded. What is none is reported.
    mutating func expanded(_ entry: Entry) -> VariableExpansion? {
        var unset: [ConfigurationProblem] = []
        defer { for problem in unset { report(problem.line, problem.message) } }
        return expanded(entry, unset: &unset)
    }

    /// - Parameter unset: Takes what is to be said of a variable that is not set, which is then not reported.
    mutating func expanded(_ entry: Entry, unset: inout [ConfigurationProblem]) -> VariableExpansion? {
        guard let scalar = entry.node.scalar else {
            report(entry.line, "\"\(entry.key)\" must be a single value, not \(entry.node.kind)")
            return nil
        }
        let line = scalar.mark?.line ?? entry.line
        let tag = scalar.tag.description
        if tag.hasPrefix("!") {
            report(line, "\(tag)\(scalar.string) starts with !, which YAML takes for a tag; put it in quotes")
            return nil
        }
        if entry.node.isEmptyScalar {
            report(entry.line, "\"\(entry.key)\" has no value")
            return nil
        }
        do {
            return try VariableExpansion(scalar.string, environment: environment)
        } catch {
            if error.isUnset {
                unset.append(ConfigurationProblem(line: line, message: error.message))
            } else {
                report(line, error.message)
            }
            return nil
        }
    }

    mutating func text(_ entry: Entry?) -> String? {
        guard let entry else { return nil }
        return expanded(entry)?.text
    }

    /// Text that must hold something.
    mutating func name(_ entry: Entry?) -> String? {
        guard let entry, let text = text(entry) else { return nil }
        if text.isEmpty { report(entry.line, "\"\(entry.key)\" is empty") }
        return text.isEmpty ? nil : text
    }

    /// One of some words.
    mutating func choice<Value>(_ entry: Entry?, among choices: [(word: String, value: Value)]) -> Value? {
        guard let entry, let value = expanded(entry) else { return nil }
        if let choice = choices.first(where: { $0.word == value.text }) { return choice.value }
        let hint = Spelling.hint(for: value.text, among: choices.map(\.word))
        report(entry.line, "\"\(entry.key)\" cannot be \(value.shown); \(hint)")
        return nil
    }

    mutating func choice<Value: RawRepresentable<String> & CaseIterable>(_ entry: Entry?, of type: Value.Type) -> Value?
    {
        choice(entry, among: type.allCases.map { ($0.rawValue, $0) })
    }

    /// `text`, or `decimal(38, 10)`.
    mutating func decimals(_ entry: Entry?) -> ColumnType? {
        guard let entry, let value = expanded(entry) else { return nil }
        let spaced = value.text.wholeMatch(of: /decimal *\( *([0-9]+) *, *([0-9]+) *\)/)
        switch ColumnType(spaced.map { "decimal(\($0.1),\($0.2))" } ?? value.text) {
        case .text: return .text
        case .decimal(let precision, let scale): return .decimal(precision: precision, scale: scale)
        default:
            report(
                entry.line,
                "\"\(entry.key)\" cannot be \(value.shown); write text, or decimal(38, 10): at most 38 digits, and how many "
                    + "of them come after the point"
            )
            return nil
        }
    }

    /// A whole number above zero.
    mutating func count(_ entry: Entry?) -> Int? {
        guard let entry, let value = expanded(entry) else { return nil }
        if let count = Int(value.text), count > 0 { return count }
        report(entry.line, "\"\(entry.key)\" must be a whole number above 0, not \(value.shown)")
        return nil
    }

    mutating func flag(_ entry: Entry?) -> Bool? {
        guard let entry, let value = expanded(entry) else { return nil }
        switch value.text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default:
            report(entry.line, "\"\(entry.key)\" must be true or false, not \(value.shown)")
            return nil
        }
    }

    /// The elements of a list, each an entry under the list's key.
    mutating func list(_ entry: Entry, example: String) -> [Entry] {
        guard let sequence = entry.node.sequence else {
            report(entry.line, "\"\(entry.key)\" must be a list, such as `\(example)`, not \(entry.node.kind)")
            return []
        }
        if sequence.isEmpty {
            report(entry.line, "\"\(entry.key)\" is an empty list; leave it out, or write `\(example)`")
        }
        return sequence.map { Entry(key: entry.key, line: $0.mark?.line ?? entry.line, node: $0) }
    }
}
