import TandemCore

/// A remedy as it is printed below what it remedies.
enum RemedyText {
    static func lines(_ remedy: Remedy?, indent: String = "  ") -> [String] {
        guard let remedy else { return [] }
        return [indent + "→ " + remedy.text]
            + remedy.sql.flatMap { statement in
                (statement + ";").split(separator: "\n", omittingEmptySubsequences: false).map { indent + "    " + $0 }
            }
    }

    static func error(_ error: any Error) -> String {
        guard let explained = error as? any ExplainedError else { return "error: \(error)" }
        return (["error: " + explained.description] + lines(explained.remedy)).joined(separator: "\n")
    }
}
