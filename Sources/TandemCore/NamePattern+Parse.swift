extension NamePattern {
    /// A pattern that matches `name` only.
    public init(literal name: String) {
        self.init(description: name, parts: name.unicodeScalars.map { .scalar($0) })
    }

    /// - Throws: ``PatternError``.
    public init(_ text: String) throws(PatternError) {
        let pieces = try Self.split(text)
        guard let piece = pieces.first, pieces.count == 1 else {
            throw PatternError("\"\(text)\" has a dot; put a name that holds one in double quotes")
        }
        self = piece
    }

    /// The parts of `text` between dots that are not in quotes, at least one.
    package static func split(_ text: String) throws(PatternError) -> [NamePattern] {
        var pieces: [NamePattern] = []
        var parts: [Part] = []
        var written = String.UnicodeScalarView()
        var isQuoted = false
        var wasQuoted = false
        let scalars = Array(text.unicodeScalars)
        var at = 0
        func finish() throws(PatternError) {
            guard !parts.isEmpty else { throw PatternError("\"\(text)\" has an empty name") }
            pieces.append(NamePattern(description: String(written), parts: parts))
        }
        while at < scalars.count {
            let scalar = scalars[at]
            at += 1
            if scalar == ".", !isQuoted {
                try finish()
                (parts, written, wasQuoted) = ([], .init(), false)
                continue
            }
            written.append(scalar)
            switch (scalar, isQuoted) {
            case ("\"", true) where at < scalars.count && scalars[at] == "\"":
                written.append(scalar)
                parts.append(.scalar("\""))
                at += 1
            case ("\"", true): isQuoted = false
            case ("\"", false) where parts.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
            case ("\"", false): throw PatternError("\"\(text)\" has a double quote inside a name")
            case (_, false) where wasQuoted: throw PatternError("\"\(text)\" goes on after a closing double quote")
            case ("*", false): parts.append(.any)
            case ("?", false): parts.append(.one)
            default: parts.append(.scalar(scalar))
            }
        }
        guard !isQuoted else { throw PatternError("\"\(text)\" lacks its closing double quote") }
        try finish()
        return pieces
    }
}

/// Why a text is no pattern, a sentence without its full stop.
public struct PatternError: Error, Hashable, CustomStringConvertible {
    public let description: String
    package init(_ description: String) { self.description = description }
}
