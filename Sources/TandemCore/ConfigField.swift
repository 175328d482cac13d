/// A setting of a connector: its name, what it means, where it is kept.
///
/// Decoding, `tandem connectors`, the reference page and the messages for
/// wrong values all come from this one declaration.
public struct ConfigField<Config>: Sendable {
    public let name: String
    public let help: String
    public let kind: ConfigKind
    public let required: Bool
    /// As a user would write it. `nil` where there is none.
    public let standard: String?
    let set: @Sendable (inout Config, String) throws(InvalidSetting) -> Void

    /// A setting that `parse` understands, for what the other initializers do not cover.
    ///
    /// - Parameter parse: Returns `nil` for what it does not accept.
    public init<Value>(
        _ name: String,
        _ path: any WritableKeyPath<Config, Value> & Sendable,
        help: String,
        kind: ConfigKind,
        standard: String? = nil,
        required: Bool = false,
        parse: @escaping @Sendable (String) -> Value?
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.standard = standard
        self.required = required
        set = { config, text throws(InvalidSetting) in
            guard let value = parse(text) else {
                throw InvalidSetting(name: name, reason: "must be \(kind), not \"\(text)\"")
            }
            config[keyPath: path] = value
        }
    }

    public init(
        _ name: String,
        _ path: any WritableKeyPath<Config, String?> & Sendable,
        help: String,
        standard: String? = nil,
        required: Bool = false
    ) {
        self.init(name, path, help: help, kind: .text, standard: standard, required: required) { .some($0) }
    }

    /// A secret: never printed, neither in messages nor as JSON.
    public init(secret name: String, _ path: any WritableKeyPath<Config, String?> & Sendable, help: String) {
        self.init(name, path, help: help, kind: .secret) { .some($0) }
    }

    public init(
        _ name: String,
        _ path: any WritableKeyPath<Config, Int?> & Sendable,
        help: String,
        in range: ClosedRange<Int>,
        standard: String? = nil
    ) {
        self.init(name, path, help: help, kind: .number(range), standard: standard) { text in
            // Spelled out, because a plain `nil` would be taken for an accepted value that is none.
            guard let number = Int(text), range.contains(number) else { return Int??.none }
            return .some(number)
        }
    }

    public init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String,
        _ path: any WritableKeyPath<Config, Choice?> & Sendable,
        help: String,
        standard: Choice? = nil
    ) {
        let kind = ConfigKind.choice(Choice.allCases.map(\.rawValue))
        self.init(name, path, help: help, kind: kind, standard: standard?.rawValue) { text in
            Choice(rawValue: text).map { .some($0) } ?? Choice??.none
        }
    }
}

/// What a setting's value may be.
public enum ConfigKind: Hashable, Sendable, CustomStringConvertible {
    case text, secret
    case number(ClosedRange<Int>)
    case choice([String])
    /// Anything else, in words that follow "must be": `a size such as 400MB`.
    case other(String)

    public var description: String {
        switch self {
        case .text, .secret: "text"
        case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .other(let words): words
        }
    }
}

/// A setting that is wrong, and what would be right.
public struct InvalidSetting: Error, Hashable, CustomStringConvertible {
    public var name: String
    /// What follows the name in a sentence: `must be …`, `is not known`.
    public var reason: String

    public init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }

    public var description: String { "setting \"\(name)\" \(reason)" }
}

extension ConfigField {
    /// Applies `settings` to `config` and returns everything that is wrong with them: unknown names, unacceptable
    /// values, required ones that are missing.
    static func apply(_ settings: [String: String], to config: inout Config, fields: [Self]) -> [InvalidSetting] {
        var wrong: [InvalidSetting] = []
        for (name, text) in settings.sorted(by: { $0.key < $1.key }) {
            guard let field = fields.first(where: { $0.name == name }) else {
                let names = fields.map(\.name).joined(separator: ", ")
                wrong.append(InvalidSetting(name: name, reason: "is not known here; there are \(names)"))
                continue
            }
            if field.kind != .secret, ConnectionString.isOne(text) {
                // It is not quoted: a password may be in it.
                let url = fields.contains { $0.name == "url" } ? ", or write all of it as \"url\"" : ""
                let reason = "is not the place of a connection string: give each of its parts a key of its own" + url
                wrong.append(InvalidSetting(name: name, reason: reason))
                continue
            }
            do throws(InvalidSetting) { try field.set(&config, text) } catch {
                // A secret's value does not belong in a message, right or wrong.
                wrong.append(field.kind == .secret ? InvalidSetting(name: name, reason: "is not acceptable") : error)
            }
        }
        for field in fields where field.required && settings[field.name] == nil {
            wrong.append(InvalidSetting(name: field.name, reason: "is missing: \(field.help)"))
        }
        return wrong
    }
}
