import Yams

extension ConfigurationDocument {
    /// What Yams found, without the text it found it in: that may be a password.
    static func problem(_ error: any Error, in text: String) -> ConfigurationProblem {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            if let line = tabbedLine(from: context?.mark.line ?? mark.line, to: mark.line, in: text) {
                return ConfigurationProblem(line: line, message: "a tab starts the line; YAML is indented with spaces")
            }
            let place = context.map { " " + $0.text } ?? ""
            let advice = advice(problem: problem, context: context?.text ?? "").map { "; \($0)" } ?? ""
            // A quote that is not closed is found at the end of the file, which helps nobody.
            let line = context?.text == quoted ? context?.mark.line : mark.line
            return ConfigurationProblem(line: line, message: "this is not YAML: \(problem)\(place)\(advice)")
        case YamlError.reader(let problem, let offset, _, _):
            let line = offset.map { text.prefix($0).filter(\.isNewline).count + 1 }
            return ConfigurationProblem(line: line, message: "this is not YAML: \(problem)")
        default:
            return ConfigurationProblem(line: nil, message: "this is not YAML")
        }
    }

    /// libyaml's words for where it was.
    private static let quoted = "while scanning a quoted scalar"

    private static func tabbedLine(from first: Int, to last: Int, in text: String) -> Int? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let range = max(first, 1)...max(first, last, 1)
        return range.last { $0 <= lines.count && lines[$0 - 1].prefix { $0 == " " || $0 == "\t" }.contains("\t") }
    }

    private static func advice(problem: String, context: String) -> String? {
        switch (problem, context) {
        case (_, "while scanning an alias"), ("found undefined alias", _):
            "a pattern that starts with * must be in quotes"
        case (_, "while scanning a tag"), (_, "while parsing a tag"):
            "an entry that starts with ! must be in quotes"
        case ("mapping values are not allowed in this context", _):
            "keys that belong together start in one column; a value that holds a colon and a space needs quotes"
        case ("found character that cannot start any token", _):
            "a value that starts with @, ` or % must be in quotes"
        case (_, quoted):
            "a quote is not closed"
        case (_, "while parsing a flow mapping"), (_, "while parsing a flow sequence"):
            "a comma or a closing bracket is missing, or a value that holds a colon and a space needs quotes"
        case ("did not find expected key", _), ("could not find expected ':'", _):
            "keys that belong together start in one column, each with a colon and a space"
        default: nil
        }
    }
}
