import CLibPQ
import Dispatch
import Glibc
package import TandemCore

/// One connection to a server, used by one thread at a time.
///
/// Calls block, and give up within a fraction of a second once ``interruption`` is raised; the session is closed
/// then. Every statement runs in a transaction of ours with the settings of ``ServerCapabilities/settings``.
package final class Session {
    package let endpoint: Endpoint
    package internal(set) var capabilities: ServerCapabilities
    /// Stops whatever this session waits for.
    package var interruption: Interruption
    /// `nil` once closed.
    private(set) var connection: OpaquePointer?
    private let log = NoticeLog()
    /// What was asked last, with its parameters: names in it are no values of rows.
    var asked: [String] = []
    /// What the server's last error named.
    var objection: ServerErrorFields?
    /// Statements that the server has prepared, and what it calls them.
    var prepared: [String: String] = [:]

    /// Connects.
    ///
    /// - Parameter pinned: Changes what the server is taken to be able to do. For tests.
    /// - Throws: ``PostgresError``; `CancellationError`.
    package init(
        _ config: PostgresConfig,
        in context: ConnectionContext,
        interruption: Interruption = Interruption(),
        pinned: (@Sendable (inout ServerCapabilities) -> Void)? = nil
    ) throws {
        let parameters = try ConnectionParameters(config, in: context)
        let made = try Self.connect(by: parameters, config, interruption: interruption)
        self.interruption = interruption
        connection = made
        endpoint = Self.endpoint(of: made)
        capabilities = ServerCapabilities(version: Int(PQserverVersion(made)))
        listen()
        do { try readCapabilities() } catch {
            close()
            throw error
        }
        pinned?(&capabilities)
    }

    /// Connects to a process of the server that sends its log. Only ``execute(_:)`` works there, without a transaction,
    /// and what ``ReplicationSession`` does.
    ///
    /// - Parameter capabilities: What another session found the server can do.
    init(
        replicating config: PostgresConfig,
        in context: ConnectionContext,
        capabilities: ServerCapabilities,
        interruption: Interruption
    ) throws {
        var parameters = try ConnectionParameters(config, in: context)
        parameters.replicate(as: capabilities)
        let made = try Self.connect(by: parameters, config, interruption: interruption)
        self.interruption = interruption
        self.capabilities = capabilities
        connection = made
        endpoint = Self.endpoint(of: made)
        listen()
    }

    deinit { PQfinish(connection) }

    /// Ends the connection. Later calls throw ``PostgresError/connectionLost(_:reason:)``.
    package func close() {
        PQfinish(connection)
        connection = nil
    }

    /// Whether statements can still be sent.
    package var isOpen: Bool { connection != nil && PQstatus(connection) == CONNECTION_OK }

    /// Whether the server has not hung up since the last answer. Does not wait.
    package var isAlive: Bool {
        guard isOpen else { return false }
        var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        // Its last words come before the end.
        while poll(&socket, 1, 0) > 0 {
            guard PQconsumeInput(connection) == 1 else { return false }
        }
        return true
    }

    package var isInTransaction: Bool {
        connection != nil && PQtransactionStatus(connection) != PQTRANS_IDLE
    }

    /// The number of the server's process, as the client was told.
    package var backendPID: Int { connection.map { Int(PQbackendPID($0)) } ?? 0 }

    /// What the server said beside its answers, the latest of it.
    package var notices: [String] { log.messages }

    /// What it has said since this was called last, each once.
    func takeNotices() -> Set<String> { log.take() }

    private func readCapabilities() throws {
        guard capabilities.version >= ServerCapabilities.oldestVersion else {
            throw PostgresError.unsupportedVersion(endpoint, version: capabilities.versionText)
        }
        let answer = try query(
            """
            SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid(),
              pg_catalog.current_setting('server_encoding')
            """
        )
        guard let row = answer.rows.first, row.count == 3, let encoding = row[2] else {
            throw PostgresError.malformed(endpoint, what: "the answer to its first question")
        }
        capabilities.isInRecovery = row[0] == "t"
        capabilities.isPooled = row[1] != String(backendPID)
        capabilities.serverEncoding = encoding
        guard !capabilities.isPooled, !capabilities.sessionSettings.isEmpty else { return }
        try execute(capabilities.sessionSettings.map { "SET \($0.name) = \($0.value)" }.joined(separator: "; "))
    }

    private func listen() {
        PQsetnonblocking(connection, 1)
        PQsetNoticeReceiver(connection, NoticeLog.receive, Unmanaged.passUnretained(log).toOpaque())
    }

    private static func connect(
        by parameters: ConnectionParameters,
        _ config: PostgresConfig,
        interruption: Interruption
    ) throws -> OpaquePointer {
        guard let made = try ConnectAttempt.run(parameters, interruption: interruption) else {
            throw PostgresError.unreachable(config.target, reason: "memory ran out")
        }
        guard PQstatus(made) == CONNECTION_OK else {
            defer { PQfinish(made) }
            throw try ConnectFailure.error(
                of: made,
                config: config,
                parameters: parameters,
                interruption: interruption
            )
        }
        return made
    }

    private static func endpoint(of connection: OpaquePointer) -> Endpoint {
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String { value.map { String(cString: $0) } ?? "" }
        return Endpoint(
            host: text(PQhost(connection)),
            port: text(PQport(connection)),
            database: text(PQdb(connection)),
            user: text(PQuser(connection))
        )
    }
}

// MARK: - Waiting

extension Session {
    /// The connection, if there still is one and nobody wants it stopped.
    func live() throws -> OpaquePointer {
        guard let connection else { throw PostgresError.connectionLost(endpoint, reason: "it was closed") }
        guard !interruption.isRaised else { throw interrupted() }
        return connection
    }

    /// Waits until the socket is ready for `events` (`POLLIN`, `POLLOUT`), and looks at ``interruption`` meanwhile.
    func wait(_ events: Int32) throws {
        var socket = pollfd(fd: PQsocket(try live()), events: Int16(events), revents: 0)
        while true {
            let ready = poll(&socket, 1, Interruption.interval)
            if ready > 0 { return }
            if ready < 0 && errno != EINTR { throw lost(String(cString: strerror(errno))) }
            if interruption.isRaised { throw interrupted() }
        }
    }

    /// Sends what libpq still holds.
    func flush() throws {
        while true {
            let connection = try live()
            switch PQflush(connection) {
            case 0: return
            case 1:
                try wait(POLLIN | POLLOUT)
                try receive()
            default: throw lost()
            }
        }
    }

    /// Takes what has arrived.
    func receive() throws {
        guard PQconsumeInput(try live()) == 1 else { throw lost() }
    }

    /// The error for a connection that broke; closes it.
    func lost(_ reason: String? = nil) -> PostgresError {
        let message = connection.flatMap { PQerrorMessage($0) }.map { String(cString: $0) } ?? ""
        close()
        return ConnectFailure.error(ofLost: endpoint, message: reason ?? message)
    }

    /// Asks the server to stop and closes the connection, for the server alone might not notice for long.
    func interrupted() -> CancellationError {
        if let connection, PQtransactionStatus(connection) == PQTRANS_ACTIVE { CancelRequest(connection)?.send() }
        close()
        return CancellationError()
    }
}
