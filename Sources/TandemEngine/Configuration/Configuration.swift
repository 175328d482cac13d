/// What a user wrote in `tandem.yaml`, checked.
package struct Configuration: Hashable, Sendable {
    /// The file's name as it was given, for messages.
    package var file: String
    package var connections: [ConnectionConfiguration]
    package var syncs: [SyncConfiguration]

    package init(file: String, connections: [ConnectionConfiguration], syncs: [SyncConfiguration]) {
        self.file = file
        self.connections = connections
        self.syncs = syncs
    }

    package func connection(_ name: String) -> ConnectionConfiguration? { connections.first { $0.name == name } }
    package func sync(_ name: String) -> SyncConfiguration? { syncs.first { $0.name == name } }
}
