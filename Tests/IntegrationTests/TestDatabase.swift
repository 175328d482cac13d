import Foundation
import TandemCore
import TandemDuckDB
import TandemPostgres
import TandemTesting

/// A database of its own on a shared server.
struct TestDatabase {
    let server: PostgresServer
    let name: String

    init(_ version: PostgresServer.Version) throws {
        let server = try PostgresServer.shared(version)
        self.init(server: server, name: try server.makeDatabase())
    }

    init(server: PostgresServer, name: String) {
        self.server = server
        self.name = name
    }

    @discardableResult
    func execute(_ sql: String) throws -> String { try server.execute(sql, in: name) }

    /// Removes it from the server.
    func drop() throws { try server.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }

    /// - Parameter sectionBytes: How large a section of a table is at least, where not as usual.
    func source(
        readers: Int = 2,
        plugin: String = "auto",
        slot: String? = nil,
        publication: String? = nil,
        sectionBytes: Int? = nil
    ) throws -> any Source {
        var settings = [
            "host": PostgresServer.host, "port": "\(server.port)", "user": PostgresServer.user, "database": name,
            "readers": "\(readers)", "plugin": plugin,
        ]
        settings["slot"] = slot
        settings["publication"] = publication
        let config = PostgresConnector.configure(settings).config
        return PostgresSource(config, in: ConnectionContext(name: "shop", folder: "/"), sectionBytes: sectionBytes)
    }
}

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "tandem-test-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func warehouse(
        _ name: String = "warehouse.duckdb",
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> any Destination {
        let context = ConnectionContext(name: "warehouse", folder: path, notify: notify)
        let made = try DuckDBConnector.destination(
            DuckDBConnector.configure(["path": name, "lock_timeout": "5"]).config,
            in: context
        )
        guard let made else { throw PostgresServer.Failure(description: "DuckDB is no destination") }
        return made
    }
}
