package import TandemRows

/// Names and values as they are written into a statement. Everything that is not a constant of this program goes
/// through here or is bound as a parameter.
package enum SQL {
    /// `name` as an identifier, whatever is in it.
    package static func identifier(_ name: String) -> String {
        "\"" + name.replacing(bytes: "\"", with: "\"\"") + "\""
    }

    package static func name(_ name: TableName) -> String {
        identifier(name.schema) + "." + identifier(name.table)
    }

    /// A list with a space before it; a long one with each entry on a line of its own.
    package static func list(_ entries: [String]) -> String {
        let short = entries.joined(separator: ", ")
        return short.count <= 100 ? " " + short : entries.map { "\n    " + $0 }.joined(separator: ",")
    }

    /// `text` as a constant, whatever is in it and whatever `standard_conforming_strings` says.
    package static func literal(_ text: String) -> String {
        let doubled = text.replacing(bytes: "'", with: "''")
        guard text.contains(byte: "\\") else { return "'" + doubled + "'" }
        return " E'" + doubled.replacing(bytes: "\\", with: "\\\\") + "'"
    }
}
