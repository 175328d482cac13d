import TandemCore

/// What of a server's error may be shown. The only place that decides it.
///
/// Functions, triggers and views of an application can fail in any words and with any code, and the server itself
/// quotes values: in all that is about data, and where a name comes from a row (`note::regclass`). So words are shown
/// only of the server's own errors that are not about data, and of these only the names that are known here: such as
/// stand in what was asked, or in the fields that the server fills with nothing else.
struct ServerWords {
    var code: String
    var message: String
    /// The file of the server's source that the error comes from. `nil` where what answers is no Postgres, as a pooler.
    var file: String?
    /// What was asked, with its parameters, and names that the server gave in fields of their own.
    var known: [String]

    /// - Returns: What takes the place of the message.
    var shown: String {
        if fileName != "snapmgr.c" /* of snapshots, whose code is that of wrong values */,
            let reason = Self.substitute(code, isRaised: isRaised)
        {
            return WithheldWords.withhold("\(code): \(message)", for: reason)
        }
        let masked = masked
        return masked == message ? message : WithheldWords.withhold("\(code): \(message)", for: masked)
    }

    /// Whether a function in one of the procedural languages, which all have files of such names, raised it.
    var isRaised: Bool {
        guard let name = fileName else { return false }
        return name.hasPrefix("pl") && !name.hasPrefix("plan") && name != "placeholder.c"
            || ![".c", ".h", ".l", ".y"].contains(where: name.hasSuffix)
    }

    private var fileName: String? { file.map { $0.split(separator: "/").last.map(String.init) ?? $0 } }

    /// What is said in place of words of which nothing can be shown; `nil` where some can.
    private static func substitute(_ code: String, isRaised: Bool) -> String? {
        let isData = ["22", "P0", "38", "39", "HV", "F0", "21", "10", "20"].contains { code.hasPrefix($0) }
        guard isRaised || isData || !isKnownClass(code) else { return nil }
        if isRaised || code.hasPrefix("P0") { return "a function or trigger of the application raised an error" }
        return switch code {
        case "22P02", "22P03": "a value is not of the type that it is read as"
        case "22003": "a number is out of range"
        case "22001": "a text is too long for its type"
        case "22007", "22008": "a date or time is none"
        case "22012": "division by zero"
        case "22021", "22P05": "a text has characters that its encoding has not"
        case "2200N", "2200M": "a text is no XML"
        case "21000": "a subquery gives more than one row"
        default: code.hasPrefix("22") ? "a value cannot be used as it is" : "something failed at the server"
        }
    }

    private static func isKnownClass(_ code: String) -> Bool {
        let classes = [
            "08", "0A", "23", "24", "25", "26", "28", "2B", "34", "3B", "3D", "3F", "40", "42", "44", "53", "54", "55",
            "57", "58", "XX",
        ]
        return classes.contains { code.hasPrefix($0) }
    }

    /// Opening and closing quotes, as the languages of the server's messages have them.
    private static let quotes: [Unicode.Scalar: [Unicode.Scalar]] = [
        "\"": ["\""], "«": ["»"], "»": ["«"], "„": ["“", "”"], "“": ["”", "“"], "‘": ["’"], "「": ["」"],
    ]

    /// The message, without what stands in quotes or behind a colon and is not known.
    private var masked: String {
        var text = ""
        var rest = message.unicodeScalars[...]
        while let open = rest.firstIndex(where: { Self.quotes[$0] != nil }) {
            text += String(rest[...open])
            let inner = rest[rest.index(after: open)...]
            let closing = Self.quotes[rest[open]] ?? []
            guard let close = inner.firstIndex(where: closing.contains) else {
                return text + "…"
            }
            let name = Substring(inner[..<close])
            text += isKnown(name) ? String(name) : "…"
            text.unicodeScalars.append(inner[close])
            rest = inner[inner.index(after: close)...]
        }
        text += String(rest)
        guard let colon = text.firstRange(of: ": "), !isKnown(text[colon.upperBound...]) else { return text }
        // Of messages with a list only the part before it is the server's.
        return message.firstRange(of: ": ") == nil ? text : String(text[..<colon.upperBound]) + "…"
    }

    /// Whether all of it stands in what is known; a name may have its schema before it.
    private func isKnown(_ name: Substring) -> Bool {
        known.contains { $0.contains(name) }
            || name.contains(".")
                && name.split(separator: ".").allSatisfy { part in known.contains { $0.contains(part) } }
    }
}
