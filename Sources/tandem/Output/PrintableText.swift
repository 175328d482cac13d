/// Text of others, such as the names of tables, on its way to a terminal.
enum PrintableText {
    /// `text` with what a terminal would act on in place of showing it written out: control characters, and those that
    /// turn the direction of what follows.
    ///
    /// - Parameter keepsLines: Whether lines stay lines.
    static func of(_ text: String, keepsLines: Bool) -> String {
        guard text.unicodeScalars.contains(where: { isActedOn($0) && !(keepsLines && $0 == "\n") }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where keepsLines: result += "\n"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where isActedOn(scalar):
                let digits = String(scalar.value, radix: 16)
                result += scalar.value < 256 ? "\\x" + digits : "\\u{\(digits)}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isActedOn(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<32, 127..<160, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
