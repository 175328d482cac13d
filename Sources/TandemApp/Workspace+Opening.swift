import TandemConnectors
package import TandemCore
import TandemEngine

/// Connections, each opened anew by every call: whoever opens one closes it.
extension Workspace {
    package func source(_ name: String) throws -> any Source {
        guard let source = try open(name, { try $0.source($1, in: $2) }) else {
            throw UsageError(description: "Connection \(name) is of a kind that cannot be read from.")
        }
        return source
    }

    package func destination(_ name: String) throws -> any Destination {
        guard let destination = try open(name, { try $0.destination($1, in: $2) }) else {
            throw UsageError(description: "Connection \(name) is of a kind that cannot be written to.")
        }
        return destination
    }

    /// As a source, as a destination, or as both.
    func ends(of name: String) throws -> (source: (any Source)?, destination: (any Destination)?) {
        (try open(name) { try $0.source($1, in: $2) }, try open(name) { try $0.destination($1, in: $2) })
    }

    /// Calls `body` with the source, and closes it when that ends, however it does.
    func withSource<Value>(_ name: String, _ body: (any Source) async throws -> Value) async throws -> Value {
        let source = try source(name)
        return try await withCleanup(source.close) { try await body(source) }
    }

    /// Calls `body` with the destination, and closes it when that ends, however it does.
    func withDestination<Value>(_ name: String, _ body: (any Destination) async throws -> Value) async throws -> Value {
        let destination = try destination(name)
        return try await withCleanup(destination.close) { try await body(destination) }
    }

    /// The same for connections that reach one and the same place.
    func place(of name: String) throws -> String {
        try open(name) { $0.place($1, in: $2) } ?? name
    }

    /// Refuses to change what `destination` remembers of another project's sync of the same name.
    func refuseAnothers(_ sync: SyncConfiguration, at destination: any Destination) async throws {
        try await SyncTenure.check(sync, at: destination) {
            try await withSource(sync.from) { try await $0.origin() }
        }
    }

    /// Swift opens the connector's type here, once, so that each keeps its own type of configuration.
    private func open<End>(
        _ name: String,
        _ make: (any Opener, [String: String], ConnectionContext) throws -> End?
    ) throws -> End? {
        let connection = try connection(name)
        try require([name])
        guard let connector = Registry.all.first(where: { $0.name == connection.type }) else { return nil }
        let syncs = configuration.syncs.filter { $0.from == name }.map(\.name)
        let (notify, project) = (notify, configuration.project)
        let context = ConnectionContext(name: name, folder: folder, syncs: syncs, project: project) {
            notify(.connection($0))
        }
        return try make(opener(connector), connection.settings, context)
    }

    private func opener<C: Connector>(_ connector: C.Type) -> any Opener { ConnectorOpener<C>() }
}

/// A connector whose configuration's type is of no interest to the caller.
private protocol Opener {
    func place(_ settings: [String: String], in context: ConnectionContext) -> String
    func source(_ settings: [String: String], in context: ConnectionContext) throws -> (any Source)?
    func destination(_ settings: [String: String], in context: ConnectionContext) throws -> (any Destination)?
}

private struct ConnectorOpener<C: Connector>: Opener {
    func place(_ settings: [String: String], in context: ConnectionContext) -> String {
        C.place(C.configure(settings).config, in: context)
    }

    func source(_ settings: [String: String], in context: ConnectionContext) throws -> (any Source)? {
        try C.source(C.configure(settings).config, in: context)
    }

    func destination(_ settings: [String: String], in context: ConnectionContext) throws -> (any Destination)? {
        try C.destination(C.configure(settings).config, in: context)
    }
}
