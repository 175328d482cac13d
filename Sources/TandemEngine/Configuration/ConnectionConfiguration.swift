/// A database and how to reach it.
package struct ConnectionConfiguration: Hashable, Sendable {
    package var name: String
    /// The connector's name.
    package var type: String
    /// By name, with variables expanded. Holds passwords in clear.
    package var settings: [String: String]
    /// The line of the connection's name, counted from one.
    package var line: Int
    /// Settings that come from variables which are not set. Matters to those only who open the connection.
    package var unset: [ConfigurationProblem]

    package init(
        name: String,
        type: String,
        settings: [String: String],
        line: Int,
        unset: [ConfigurationProblem] = []
    ) {
        self.name = name
        self.type = type
        self.settings = settings
        self.line = line
        self.unset = unset
    }
}
