import CLibPQ

/// Takes apart what a user wrote as `url:`, by libpq's own rules.
package enum ConnectionURL {
    /// libpq's complaint would quote the piece it stumbled over, which may be the password, so it is not kept.
    package struct Unreadable: Error {}

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
