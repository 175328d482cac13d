import TandemRows

extension TableName {
    /// As a configuration names it, in YAML.
    var entry: String {
        let pattern = [schema, table].map(Self.quoted).joined(separator: ".")
        return pattern.contains(byte: "\"") ? "'" + pattern.replacing(bytes: "'", with: "''") + "'" : pattern
    }

    /// In double quotes, unless all characters of the pattern stand for themselves.
    private static func quoted(_ name: String) -> String {
        let isPlain = !name.isEmpty && name.unicodeScalars.allSatisfy(isPlain)
        return isPlain ? name : "\"" + name.replacing(bytes: "\"", with: "\"\"") + "\""
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || ("0"..."9").contains(scalar) || scalar.properties.isAlphabetic
    }
}
