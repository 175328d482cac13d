public import TandemRows

/// What `tandem setup` is to prepare.
public struct SetupRequest: Sendable {
    /// What the connection is used for.
    public enum Use: Hashable, Sendable, CaseIterable {
        case reading, writing
    }

    /// The schemas to open for reading. Empty for every schema with tables.
    public var schemas: [String]
    /// The schemas that tables go to.
    public var targets: [String]
    public var uses: Set<Use>
    /// By sync, the tables whose changes are to be followed in the log. Empty where none are.
    public var following: [String: [TableName]]
    /// The tables whose changes are to be noted by triggers.
    public var noting: [TableName]
    /// What is to decode the log, by the database's own name for it; `nil` for what the connection's settings say.
    public var plugin: String?
    /// Whether the password may be printed; a placeholder stands in its place otherwise.
    public var showPassword: Bool
    /// Run the statements, as this administrator (a connection URI) or, where `nil`, as the connection's own user.
    public var apply: Bool
    public var adminURL: String?

    public init(
        schemas: [String],
        targets: [String] = [],
        uses: Set<Use> = [.reading],
        following: [String: [TableName]] = [:],
        noting: [TableName] = [],
        plugin: String? = nil,
        showPassword: Bool = false,
        apply: Bool = false,
        adminURL: String? = nil
    ) {
        self.schemas = schemas
        self.targets = targets
        self.uses = uses
        self.following = following
        self.noting = noting
        self.plugin = plugin
        self.showPassword = showPassword
        self.apply = apply
        self.adminURL = adminURL
    }
}

/// Statements with the reason for each.
public struct SetupScript: Sendable {
    public struct Step: Sendable {
        public var comment: String
        public var sql: String

        public init(comment: String, sql: String) {
            self.comment = comment
            self.sql = sql
        }
    }

    public var steps: [Step]
    /// What SQL cannot do, such as a setting of the host.
    public var advice: [String]
    public var applied: Bool

    public init(steps: [Step], advice: [String] = [], applied: Bool = false) {
        self.steps = steps
        self.advice = advice
        self.applied = applied
    }
}

/// What a database answered, for eyes: every value as its database writes it, `nil` for null.
public struct QueryResult: Sendable {
    public var columns: [String]
    /// The types by the database's own names.
    public var types: [String]
    public var rows: [[String?]]

    public init(columns: [String], types: [String], rows: [[String?]]) {
        self.columns = columns
        self.types = types
        self.rows = rows
    }
}
