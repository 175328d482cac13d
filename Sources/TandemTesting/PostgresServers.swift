import Synchronization

/// The servers that the tests of one process share, each started when it is first asked for.
final class PostgresServers: Sendable {
    static let shared = PostgresServers()
    private let started = Mutex<[PostgresServer.Version: Result<PostgresServer, any Error>]>([:])

    func server(_ version: PostgresServer.Version) throws -> PostgresServer {
        try started.withLock { started in
            if let known = started[version] { return known }
            let made = Result { try PostgresServer(version) }
            started[version] = made
            return made
        }.get()
    }
}
