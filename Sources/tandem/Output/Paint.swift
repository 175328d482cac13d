import ArgumentParser
import Foundation

/// Colours of what is written for people.
enum Paint: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
    case bold = "1"

    /// When there are any.
    enum Choice: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    func callAsFunction(_ text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }

    /// Whether to use them for what goes to a file.
    ///
    /// - Parameters:
    ///   - arguments: Of the command line, which may be wrong in other respects.
    ///   - isTerminal: Whether a terminal is at the file's other end.
    static func isWanted(_ arguments: [String], environment: [String: String], isTerminal: Bool) -> Bool {
        switch choice(arguments) {
        case .always: true
        case .never: false
        case .auto:
            // https://no-color.org
            isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        }
    }

    private static func choice(_ arguments: [String]) -> Choice {
        let options = Array(arguments.prefix { $0 != "--" })
        for (index, option) in options.enumerated().reversed() {
            if option == "--color", index + 1 < options.count { return Choice(rawValue: options[index + 1]) ?? .auto }
            if option.hasPrefix("--color=") { return Choice(rawValue: String(option.dropFirst(8))) ?? .auto }
        }
        return .auto
    }

    /// What the lines of a report begin with, in its colour.
    private static let marks: [(mark: String, paint: Paint)] = [
        ("✓ ", .green), ("✗ ", .red), ("! ", .yellow), ("· ", .cyan), ("→ ", .cyan), ("error:", .red), ("Error:", .red),
        ("warning:", .yellow), ("note:", .cyan),
    ]

    /// `text` with the mark at the start of each line in colour.
    static func marked(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            guard let (mark, paint) = marks.first(where: { rest.hasPrefix($0.mark) }) else { return String(line) }
            return indent + paint(mark) + rest.dropFirst(mark.count)
        }
        .joined(separator: "\n")
    }
}
