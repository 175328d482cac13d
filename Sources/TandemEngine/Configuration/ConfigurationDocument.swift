import Yams

/// The YAML of a configuration as a tree, or where it is not YAML.
struct ConfigurationDocument {
    /// Set before a key that its mapping holds again further down, so that the rest can be read nevertheless.
    static let repeated: Unicode.Scalar = "\u{F8FF}"
    private static let repetitionLimit = 20

    /// `nil` where there is nothing but comments.
    var root: Node?

    init(_ text: String) throws(ConfigurationProblem) {
        var text = text
        var attempts = 0
        while true {
            do {
                root = try Yams.compose(yaml: text)
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // Yams stops at the first mapping that has a key twice; marking the key lets it go on, and the reader
                // reports it together with everything else.
                attempts += 1
                guard attempts <= Self.repetitionLimit, let marked = Self.mark(context.mark, in: text) else {
                    let key = (keys.first ?? "").filter { !$0.unicodeScalars.contains(Self.repeated) }
                    throw ConfigurationProblem(
                        line: context.mark.line,
                        message: "key \"\(key)\" is there twice; keep one"
                    )
                }
                text = marked
            } catch {
                throw Self.problem(error, in: text)
            }
        }
    }

    /// `text` with the key that starts at `mark` set apart, if it is written plainly or in quotes.
    private static func mark(_ mark: Mark, in text: String) -> String? {
        var scalars = Array(text.unicodeScalars)
        guard var at = lineStart(mark.line, in: scalars).map({ $0 + mark.column - 1 }), at < scalars.count else {
            return nil
        }
        switch scalars[at] {
        case "&", "!", "?", "*", "[", "{": return nil
        case "\"", "'": at += 1
        default: break
        }
        scalars.insert(repeated, at: at)
        return String(String.UnicodeScalarView(scalars))
    }

    private static func lineStart(_ line: Int, in scalars: [Unicode.Scalar]) -> Int? {
        var current = 1
        for at in scalars.indices where current < line {
            switch scalars[at] {
            // Where YAML 1.1 ends a line.
            case "\r" where at + 1 < scalars.count && scalars[at + 1] == "\n": continue
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": current += 1
            default: continue
            }
            if current == line { return at + 1 }
        }
        return line == 1 ? 0 : nil
    }
}
