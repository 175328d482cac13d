import CLibPQ
import TandemCore

/// A connection over which a server sends the changes in its log, used by one thread at a time.
///
/// Calls block. Those that start and ask close the connection when its interruption is raised; receiving only throws,
/// so that what was confirmed can still be said.
final class ReplicationSession {
    let session: Session
    /// Whether the log is being sent.
    var isStreaming = false
    /// Whether messages came so fast in the last round that more are worth a short wait.
    var isBusy = false
    var pace = ReplicationPace.overNetwork

    /// Connects, with the settings that make values of the log look like those of a copy.
    ///
    /// - Parameter capabilities: What another session found the server can do.
    /// - Throws: ``PostgresError``; `CancellationError`.
    init(
        _ config: PostgresConfig,
        in context: ConnectionContext,
        capabilities: ServerCapabilities,
        interruption: Interruption = Interruption()
    ) throws {
        session = try Session(
            replicating: config,
            in: context,
            capabilities: capabilities,
            interruption: interruption
        )
        guard capabilities.acceptsSQLWhileReplicating else { return }
        let settings = capabilities.sessionSettings + capabilities.settings
        try session.execute(settings.map { "SET \($0.name) = \($0.value)" }.joined(separator: "; "))
    }

    var endpoint: Endpoint { session.endpoint }
    var interruption: Interruption {
        get { session.interruption }
        set { session.interruption = newValue }
    }

    /// Ends the connection at once.
    func close() {
        isStreaming = false
        session.close()
    }

    func identifySystem() throws -> SystemIdentity {
        let answer = try session.command(ReplicationCommand.identifySystem)
        return try readable { () throws(MalformedReplication) in try SystemIdentity(answer) }
    }

    /// Where the timelines before `timeline`, which the server is on, were left.
    func history(of timeline: UInt32) throws -> TimelineHistory {
        // The first one has none.
        guard timeline > 1 else { return TimelineHistory() }
        let answer = try session.command(ReplicationCommand.timelineHistory(timeline))
        let text = answer.rows.first?.last.flatMap { $0 } ?? ""
        return try readable { () throws(MalformedReplication) in try TimelineHistory(text) }
    }

    /// `body`, with what it complains of told as an error of this server.
    func readable<Value>(_ body: () throws(MalformedReplication) -> Value) throws -> Value {
        do throws(MalformedReplication) { return try body() } catch {
            close()
            throw PostgresError.malformed(endpoint, what: error.what)
        }
    }
}
