import TandemRows

/// A command of this program that a person is told to type, in back quotes: a line of a shell that works as it stands,
/// whatever the names in it are.
public struct ProgramCommand: Hashable, Sendable, CustomStringConvertible {
    private let words: [String]

    /// - Parameter options: Each with its value, if it has one.
    public init(_ command: String, _ arguments: String..., options: KeyValuePairs<String, String?> = [:]) {
        let options = options.flatMap { name, value -> [String] in
            guard let value else { return [name] }
            return value.hasPrefix("-") ? ["\(name)=\(value)"] : [name, value]
        }
        let takesThemForOptions = arguments.contains { $0.hasPrefix("-") }
        let rest = takesThemForOptions ? options + ["--"] + arguments : arguments + options
        words = ["tandem", command] + rest
    }

    public var line: String { words.map(Self.quoted).joined(separator: " ") }
    public var description: String { "`\(line)`" }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "0"..."9", "_", "-", ".", "/", "=", ":": true
            default: scalar.properties.isAlphabetic
            }
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing(bytes: "'", with: "'\\''") + "'"
    }
}
