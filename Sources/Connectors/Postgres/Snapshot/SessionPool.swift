import Foundation
import TandemCore

/// The sessions that read one snapshot, each used by one reader at a time.
// Unchecked because the condition guards everything that changes.
final class SessionPool: @unchecked Sendable {
    let endpoint: Endpoint
    private let condition = NSCondition()
    private var idle: [Session]
    private var made: Int
    private var limit: Int
    private var isClosed = false
    private let make: (@Sendable (Interruption) throws -> Session)?
    private let rejoin: (@Sendable (Session) throws -> Void)?

    /// - Parameters:
    ///   - first: A session that is ready.
    ///   - limit: The most sessions there may be.
    ///   - make: Makes another one in the same snapshot. `nil` where that cannot be.
    ///   - rejoin: Begins a transaction in the same snapshot. Where given, one ends whenever its session is given back.
    init(
        first: Session,
        limit: Int,
        make: (@Sendable (Interruption) throws -> Session)?,
        rejoin: (@Sendable (Session) throws -> Void)? = nil
    ) {
        endpoint = first.endpoint
        idle = [first]
        made = 1
        self.limit = limit
        self.make = make
        self.rejoin = rejoin
    }

    /// Whether a session that broke can be replaced.
    var canReplace: Bool { make != nil }

    /// A session of the snapshot: an idle one, a new one, or else the next to be given back.
    ///
    /// - Throws: ``PostgresError``; `CancellationError`.
    func borrow(_ interruption: Interruption) throws -> Session {
        while true {
            switch try take(interruption) {
            case .idle(let session):
                session.interruption = interruption
                guard let rejoin, !session.isInTransaction else { return session }
                do { try rejoin(session) } catch {
                    session.close()
                    forget()
                    throw error
                }
                return session
            case .mayMake(let make):
                do { return try make(interruption) } catch let error as PostgresError {
                    forget()
                    guard case .tooManyConnections = error, lowerLimit() else { throw error }
                } catch {
                    forget()
                    throw error
                }
            }
        }
    }

    /// The only session there was is gone, and the snapshot with it.
    struct Exhausted: Error {}

    private enum Taken {
        case idle(Session)
        case mayMake(@Sendable (Interruption) throws -> Session)
    }

    private func take(_ interruption: Interruption) throws -> Taken {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if isClosed || interruption.isRaised { throw CancellationError() }
            if made == 0 && make == nil { throw Exhausted() }
            if let session = idle.popLast() { return .idle(session) }
            if made < limit, let make {
                made += 1
                return .mayMake(make)
            }
            _ = condition.wait(until: Date(timeIntervalSinceNow: Double(Interruption.interval) / 1000))
        }
    }

    /// Takes `session` back; one that broke makes room for another.
    func giveBack(_ session: Session) {
        if rejoin != nil, session.isOpen {
            // Its locks would stand in the way of who changes a table, and wait with him for each other.
            do { try session.execute("COMMIT") } catch { session.close() }
        }
        condition.lock()
        defer { condition.unlock() }
        if session.isOpen && !isClosed {
            idle.append(session)
        } else {
            session.close()
            made -= 1
        }
        condition.signal()
    }

    /// Makes room for a session that could not be made.
    private func forget() {
        condition.lock()
        defer { condition.unlock() }
        made -= 1
        condition.signal()
    }

    /// Asks for no more sessions than there are. `false` where there is none at all.
    private func lowerLimit() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard made > 0 else { return false }
        limit = min(limit, made)
        return true
    }

    /// Closes every session that is not in use, and the others once they are given back.
    func close() {
        condition.lock()
        defer { condition.unlock() }
        isClosed = true
        for session in idle { session.close() }
        idle = []
        condition.broadcast()
    }
}
