import Foundation
@_exported public import LocalPostgres
import Synchronization

/// The servers that tests run against: the versions that `make deps` puts in place.
extension PostgresServer {
    public enum Version: Int, Sendable, CaseIterable, CustomStringConvertible {
        case v15 = 15
        case v16 = 16
        case v18 = 18
        public var description: String { "Postgres \(rawValue)" }

        var programs: PostgresPrograms {
            get throws {
                let named = ProcessInfo.processInfo.environment["TANDEM_DEPS"].map { URL(filePath: $0) }
                let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                    .deletingLastPathComponent()
                let folder = named ?? package.appending(path: ".deps")
                do {
                    return try PostgresPrograms(in: folder.appending(path: "postgres/\(rawValue)/bin"))
                } catch {
                    throw Failure(description: "\(error); run `make deps`")
                }
            }
        }
    }

    public convenience init(_ version: Version, settings: [String: String] = [:], access: [String] = []) throws {
        try self.init(programs: version.programs, settings: settings, access: access)
    }

    /// The server of `version` that all tests of this process share, with its own databases for each: see
    /// ``makeDatabase(encoding:)``.
    public static func shared(_ version: Version) throws -> PostgresServer {
        try PostgresServers.shared.server(version)
    }
}

/// The servers that the tests of one process share, each started when it is first asked for.
private final class PostgresServers: Sendable {
    static let shared = PostgresServers()
    private let started = Mutex<[PostgresServer.Version: Result<PostgresServer, any Error>]>([:])

    func server(_ version: PostgresServer.Version) throws -> PostgresServer {
        try started.withLock { started in
            if let known = started[version] { return known }
            let made = Result { try PostgresServer(version, settings: ["max_prepared_transactions": "20"]) }
            started[version] = made
            return made
        }.get()
    }
}

extension PostgresServer {
    /// Asks `sql` until it answers with a row.
    ///
    /// - Throws: ``Failure`` after half a minute.
    public func awaitRow(_ sql: String, in database: String) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try execute(sql, in: database).isEmpty {
            guard ContinuousClock.now < deadline else { throw Failure(description: "still no row: \(sql)") }
        }
    }
}
