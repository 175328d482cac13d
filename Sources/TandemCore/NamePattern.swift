/// A name in which `*` stands for any characters and `?` for one; in double quotes, characters stand for themselves.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
    enum Part: Hashable, Sendable {
        case scalar(Unicode.Scalar)
        case one
        case any
    }

    /// As it was written.
    public let description: String
    let parts: [Part]

    /// The name itself, where the pattern matches one name only.
    public var literal: String? {
        var name = String.UnicodeScalarView()
        for part in parts {
            guard case .scalar(let scalar) = part else { return nil }
            name.append(scalar)
        }
        return String(name)
    }

    /// Whether `name` matches, compared code point by code point as databases do.
    ///
    /// Takes at most `name.count * parts.count` steps.
    public func matches(_ name: String) -> Bool {
        let name = Array(name.unicodeScalars)
        var (at, part) = (0, 0)
        // Where the last `*` was met, to let it take one character more when what follows does not match.
        var star: (part: Int, at: Int)?
        while at < name.count {
            if part < parts.count, parts[part] == .any {
                star = (part, at)
                part += 1
            } else if part < parts.count, parts[part] == .one || parts[part] == .scalar(name[at]) {
                (at, part) = (at + 1, part + 1)
            } else if let last = star {
                star = (last.part, last.at + 1)
                (at, part) = (last.at + 1, last.part + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .any }
    }
}
