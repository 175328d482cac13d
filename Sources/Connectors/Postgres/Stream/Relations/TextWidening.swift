/// Changes of a type that leave every value as it was.
enum TextWidening {
    /// Whether text of the type `old` is the same in the type `new`: longer `varchar`, or no limit any more.
    static func isHarmless(from old: String, to new: String) -> Bool {
        guard let before = limit(old), let after = limit(new) else { return false }
        return before <= after
    }

    /// How many characters it takes. `nil` for every other type.
    private static func limit(_ type: String) -> Int? {
        switch type {
        case "text", "character varying": return .max
        default:
            let (prefix, suffix) = ("character varying(", ")")
            guard type.hasPrefix(prefix), type.hasSuffix(suffix) else { return nil }
            return Int(type.dropFirst(prefix.count).dropLast(suffix.count))
        }
    }
}
