import TandemCore
import TandemTesting

@testable import TandemPostgres

/// An empty database of the shared server of one version, and how to reach it.
struct TestDatabase {
    let server: PostgresServer
    let name: String

    init(_ version: PostgresServer.Version, encoding: String = "UTF8") throws {
        server = try PostgresServer.shared(version)
        name = try server.makeDatabase(encoding: encoding)
    }

    /// A new database of a server of the test's own.
    init(_ server: PostgresServer) throws {
        self.server = server
        name = try server.makeDatabase()
    }

    /// A database that is there.
    init(_ server: PostgresServer, named name: String) {
        self.server = server
        self.name = name
    }

    var config: PostgresConfig { server.config(database: name) }

    @discardableResult
    func execute(_ sql: String) throws -> String { try server.execute(sql, in: name) }

    func session(pinned: (@Sendable (inout ServerCapabilities) -> Void)? = nil) throws -> Session {
        try Session(config, in: .test, pinned: pinned)
    }
}

extension PostgresServer {
    func config(database: String = "postgres") -> PostgresConfig {
        var config = PostgresConfig()
        config.host = Self.host
        config.port = String(port)
        config.user = Self.user
        config.database = database
        return config
    }
}

extension ConnectionContext {
    static var test: Self { Self(name: "test", folder: "/") }
}
