/// A kind of database this program reads from, writes to, or both.
public protocol Connector: SendableMetatype {
    associatedtype Config: Sendable
    /// The word behind `type:` in a configuration.
    static var name: String { get }
    /// One sentence for `tandem connectors`.
    static var summary: String { get }
    static var fields: [ConfigField<Config>] { get }
    static var initial: Config { get }

    /// What is wrong with `config` as a whole, such as two settings that exclude each other.
    static func problems(of config: Config) -> [InvalidSetting]

    /// `nil` where this kind cannot be read from. Does not connect yet.
    static func source(_ config: Config, in context: ConnectionContext) throws -> (any Source)?

    /// `nil` where this kind cannot be written to. Does not open anything yet.
    static func destination(_ config: Config, in context: ConnectionContext) throws -> (any Destination)?

    /// What two configurations that reach the same place have in common, so that no two syncs write one table.
    static func place(_ config: Config, in context: ConnectionContext) -> String
}

/// What a connector is told about the connection it makes.
public struct ConnectionContext: Sendable {
    /// The connection's name in the configuration.
    public var name: String
    /// The folder that relative paths start from: the configuration's.
    public var folder: String
    /// The syncs that read from it, for what each of them needs of its own.
    public var syncs: [String]
    /// The project that the configuration is of, for the names of what is made; may be empty.
    public var project: String
    /// Tells the user, in a sentence, what a call is waiting for.
    public var notify: @Sendable (String) -> Void

    public init(
        name: String,
        folder: String,
        syncs: [String] = [],
        project: String = "",
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.name = name
        self.folder = folder
        self.syncs = syncs
        self.project = project
        self.notify = notify
    }

    /// `path`, from the configuration's folder unless it is absolute.
    public func resolve(_ path: String) -> String {
        path.hasPrefix("/") ? path : folder == "/" ? "/" + path : folder + "/" + path
    }
}

extension Connector {
    public static func problems(of config: Config) -> [InvalidSetting] { [] }

    /// What `settings` say, or everything that is wrong with them.
    public static func configure(_ settings: [String: String]) -> (config: Config, wrong: [InvalidSetting]) {
        var config = initial
        var wrong = ConfigField.apply(settings, to: &config, fields: fields)
        if wrong.isEmpty { wrong = problems(of: config) }
        return (config, wrong)
    }

    /// The settings, for listings that do not know this connector.
    public static var fieldSummaries: [ConfigFieldSummary] {
        fields.map { .init(name: $0.name, help: $0.help, kind: $0.kind, required: $0.required, standard: $0.standard) }
    }
}

/// A ``ConfigField`` without its connector's type.
public struct ConfigFieldSummary: Sendable {
    public var name: String
    public var help: String
    public var kind: ConfigKind
    public var required: Bool
    public var standard: String?
}
