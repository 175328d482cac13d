import Foundation

/// A value with `${NAME}` and `${NAME:-default}` replaced from the environment, and `$$` by `$`.
struct VariableExpansion: Hashable {
    /// Why a value cannot be expanded, in words that follow the value's place.
    struct Failure: Error, Hashable {
        var message: String
        /// Whether all that is missing is a variable of the environment.
        var isUnset = false
    }

    var text: String
    /// Whether any part of it came from the environment, and so may be a secret.
    var usesEnvironment: Bool

    /// For messages: what comes from the environment may be a secret that was put in the wrong place.
    var shown: String { usesEnvironment ? "the variable's value" : "\"\(text)\"" }

    init(_ raw: String, environment: [String: String]) throws(Failure) {
        text = ""
        usesEnvironment = false
        // By scalars: a brace with an accent behind it is still a brace.
        var rest = raw.unicodeScalars[...]
        while let dollar = rest.firstIndex(of: "$") {
            text += String(rest[..<dollar])
            rest = rest[rest.index(after: dollar)...]
            switch rest.first {
            case "$":
                text += "$"
                rest.removeFirst()
            case "{":
                guard let brace = rest.firstIndex(of: "}") else {
                    throw Failure(message: "\"${\" lacks its \"}\"; write \"$$\" for a dollar sign")
                }
                try expand(Substring(rest[rest.index(after: rest.startIndex)..<brace]), environment: environment)
                rest = rest[rest.index(after: brace)...]
            default: text += "$"
            }
        }
        text += String(rest)
    }

    private mutating func expand(_ inner: Substring, environment: [String: String]) throws(Failure) {
        let standard = inner.unicodeScalars.firstRange(of: ":-".unicodeScalars)
        let name = String(standard.map { inner[..<$0.lowerBound] } ?? inner)
        guard Self.isName(name) else {
            throw Failure(message: "${…} must hold the name of an environment variable: letters, digits and _")
        }
        if let value = environment[name], standard == nil || !value.isEmpty {
            text += value
            usesEnvironment = true
        } else if let standard {
            text += inner[standard.upperBound...]
        } else {
            throw Failure(
                message: "environment variable \(name) is not set; set it, or write ${\(name):-default} to do without",
                isUnset: true
            )
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
