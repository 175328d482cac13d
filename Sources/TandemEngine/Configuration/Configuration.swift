/// What a user wrote in `tandem.yaml`, checked.
package struct Configuration: Hashable, Sendable {
    /// The file's name as it was given, for messages.
    package var file: String
    /// What slots and the like are called after.
    package var project: String
    package var connections: [ConnectionConfiguration]
    package var syncs: [SyncConfiguration]

    package init(
        file: String,
        project: String = "",
        connections: [ConnectionConfiguration],
        syncs: [SyncConfiguration]
    ) {
        self.file = file
        self.project = project
        self.connections = connections
        self.syncs = syncs
        for index in self.syncs.indices { self.syncs[index].project = project }
    }

    /// What keeps these connections from being opened: variables that are not set, of all of them at once.
    package func unset(of names: some Sequence<String>) -> ConfigurationProblems? {
        let names = Set(names)
        var problems: [ConfigurationProblem] = []
        // What two connections take over from one place is told once.
        for problem in connections.filter({ names.contains($0.name) }).flatMap(\.unset)
        where !problems.contains(problem) { problems.append(problem) }
        return problems.isEmpty ? nil : ConfigurationProblems(file: file, problems: problems)
    }

    package func connection(_ name: String) -> ConnectionConfiguration? { connections.first { $0.name == name } }
    package func sync(_ name: String) -> SyncConfiguration? { syncs.first { $0.name == name } }
}
