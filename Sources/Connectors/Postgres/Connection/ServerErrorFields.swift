/// What a server's error names besides its code: which of the things that users made refused a row. Never a value.
struct ServerErrorFields: Hashable, Sendable {
    /// SQLSTATE.
    var code: String
    var constraint: String?
    var column: String?
    /// Whether a function or trigger of the users' raised it, with whatever code.
    var isRaised = false

    /// The code of what is no error to the server: a trigger or a rule has left a row out, or changed it.
    static let alteration = "27000"

    /// Whether it is about what a row holds: a constraint, a value, or a trigger that raises.
    var isAboutContent: Bool { code.hasPrefix("23") || code.hasPrefix("22") || code == "P0001" }

    /// For people. The server's own words are not used: those of a trigger, and of a value that is none of its type,
    /// quote what the row holds.
    var cause: String {
        if isRaised { return "a trigger refuses it" }
        let name = constraint.map { " \"\($0)\"" } ?? ""
        switch code {
        case "23514": return "check constraint\(name) refuses it"
        case "23505": return "unique constraint\(name) refuses it"
        case "23503": return "foreign key\(name) refuses it"
        case "23502": return "column \"\(column ?? "")\" must not be null"
        case "23P01": return "exclusion constraint\(name) refuses it"
        case Self.alteration: return "a trigger or rule leaves it out or changes it"
        case "P0001": return "a trigger refuses it"
        default:
            return code.hasPrefix("23") ? "constraint\(name) refuses it" : "a trigger or a constraint fails with it"
        }
    }
}
