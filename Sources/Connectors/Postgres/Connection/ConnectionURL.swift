import CLibPQ

/// Takes apart what a user wrote as `url:`, by libpq's own rules.
package enum ConnectionURL {
    /// libpq's complaint would quote the piece it stumbled over, which may be the password, so it is not kept.
    package struct Unreadable: Error {}

    /// Whether a password, or what else stands before the host, has a sign that ends it: what is left of it would be
    /// taken for the host or the database, and shown as such.
    package static func isCutShort(_ text: String) -> Bool {
        // By scalars, as libpq reads it: a sign with an accent behind it is still that sign.
        let scalars = text.unicodeScalars
        guard let start = scalars.firstRange(of: "://".unicodeScalars)?.upperBound else { return false }
        let rest = scalars[start...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest[authority.endIndex...].prefix { $0 != "?" || !authority.contains("@") }
        return authority.count { $0 == "@" } > 1 || path.contains("@") || authority.contains("\\")
    }

    /// The settings in `text`, by libpq's names.
    package static func parse(_ text: String) throws -> [String: String] {
        var complaint: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &complaint) else {
            PQfreemem(complaint)
            throw Unreadable()
        }
        defer { PQconninfoFree(options) }
        var settings: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { settings[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return settings
    }
}
