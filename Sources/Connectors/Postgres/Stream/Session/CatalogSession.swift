import TandemCore

/// A session beside a stream, opened when something is first asked, and again where it was lost meanwhile.
final class CatalogSession {
    private let config: PostgresConfig
    private let context: ConnectionContext
    private let pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    private var session: Session?
    var interruption = Interruption()

    init(
        _ config: PostgresConfig,
        in context: ConnectionContext,
        pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    ) {
        self.config = config
        self.context = context
        self.pinned = pinned
    }

    func open() throws -> Session {
        if let session, session.isAlive, !session.isInTransaction {
            session.interruption = interruption
            return session
        }
        let made = try Session(config, in: context, interruption: interruption, pinned: pinned)
        session = made
        return made
    }

    func query(_ sql: String, _ parameters: [String?]) throws -> QueryRows { try open().query(sql, parameters) }

    func close() {
        session?.close()
        session = nil
    }
}
