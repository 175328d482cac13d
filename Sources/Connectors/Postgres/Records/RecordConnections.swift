import Synchronization
import TandemCore

/// Connections that calls take while they run, and transactions until they end.
final class RecordConnections: Sendable {
    private let config: PostgresConfig
    private let context: ConnectionContext
    private let idle = Mutex<[Connection]>([])

    /// As many are kept open while nobody needs them.
    private static let idleLimit = 4

    init(_ config: PostgresConfig, in context: ConnectionContext) { (self.config, self.context) = (config, context) }

    func take() -> Connection { idle.withLock { $0.popLast() } ?? Connection(config, in: context) }

    /// Rolls back what `connection` has left open.
    ///
    /// - Parameter isSound: Whether all went well. What is prepared may be for tables that are others by now.
    func give(back connection: Connection, isSound: Bool = true) async {
        await connection.rollBack()
        let isKept =
            isSound
            && idle.withLock { idle in
                guard idle.count < Self.idleLimit else { return false }
                idle.append(connection)
                return true
            }
        if !isKept { await connection.close() }
    }

    func run<Value: Sendable>(_ body: @Sendable (Session) throws -> Value) async throws -> Value {
        let connection = take()
        do {
            let value = try await connection.run(body)
            await give(back: connection)
            return value
        } catch {
            await give(back: connection, isSound: false)
            throw error
        }
    }

    func close() async {
        for connection in idle.withLock({ connections in
            defer { connections = [] }
            return connections
        }) {
            await connection.close()
        }
    }
}
