package import TandemCore

/// What a configuration may name behind `type:`, without the connectors themselves.
package struct ConnectorDirectory: Sendable {
    package struct Entry: Sendable {
        package var name: String
        /// The settings it knows.
        package var settings: [String]
        /// Everything that is wrong with settings it knows.
        package var problems: @Sendable ([String: String]) -> [InvalidSetting]

        package init(
            name: String,
            settings: [String],
            problems: @escaping @Sendable ([String: String]) -> [InvalidSetting]
        ) {
            self.name = name
            self.settings = settings
            self.problems = problems
        }
    }

    package var entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    package init(_ connectors: [any Connector.Type]) {
        func entry<C: Connector>(_ connector: C.Type) -> Entry {
            Entry(name: C.name, settings: C.fieldSummaries.map(\.name)) { C.configure($0).wrong }
        }
        entries = connectors.map { entry($0) }
    }

    subscript(name: String) -> Entry? { entries.first { $0.name == name } }
}
