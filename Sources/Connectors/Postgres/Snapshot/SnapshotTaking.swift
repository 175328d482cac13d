import TandemCore
import TandemRows

/// Takes snapshots of a database.
struct SnapshotTaking: Sendable {
    let config: PostgresConfig
    let context: ConnectionContext
    let pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    /// How large a section of a table is at least.
    var sectionBytes = HeapSections.standardBytes

    /// Fixes this moment. Blocks.
    ///
    /// - Parameters:
    ///   - readers: How many connections are to read it; each comes on top of the one that holds it.
    ///   - isNoted: Whether its place is one that what triggers note can be followed to.
    func take(readers: Int, isNoted: Bool = false, interruption: Interruption) throws -> ExportedSnapshot {
        let leader = try connect(interruption)
        let origin = try Origin.read(leader)
        let reason: String
        switch try export(leader, origin: origin, readers: readers, isNoted: isNoted, interruption: interruption) {
        case .success(let snapshot): return snapshot
        case .failure(let refusal): reason = refusal.reason
        }
        if leader.isInTransaction { try leader.execute("ROLLBACK") }
        try leader.begin(.snapshot)
        let moment = try Self.moment(of: leader, origin: origin)
        let note = "Read by one connection, because others cannot join its snapshot: \(reason)."
        return try ExportedSnapshot(
            moment: moment,
            readers: 1,
            notes: readers > 1 ? [note] : [],
            types: CatalogReader(leader).types(),
            pool: SessionPool(first: leader, limit: 1, make: nil),
            leader: nil,
            sectionBytes: sectionBytes
        )
    }

    /// Why a server's snapshot cannot be shared.
    private struct RejectedValue: Error {
        let reason: String
    }

    /// A snapshot that others can join, with one connection that has.
    private func export(
        _ leader: Session,
        origin: String,
        readers: Int,
        isNoted: Bool,
        interruption: Interruption
    ) throws -> Result<ExportedSnapshot, RejectedValue> {
        guard leader.capabilities.canExportSnapshot else {
            return .failure(RejectedValue(reason: "a standby shares its snapshots since Postgres 10"))
        }
        try leader.begin(.snapshot)
        let moment = try Self.moment(of: leader, origin: origin)
        let types = try CatalogReader(leader).types()
        do {
            guard let name = try leader.query("SELECT pg_catalog.pg_export_snapshot()").value else {
                return .failure(RejectedValue(reason: "the server named none"))
            }
            let join: @Sendable (Interruption) throws -> Session = { interruption in
                try self.join(name, expecting: moment.checkpoint, interruption: interruption)
            }
            let pool = try SessionPool(first: join(interruption), limit: readers, make: join) { session in
                try self.rejoin(name, expecting: moment.checkpoint, with: session)
            }
            var placed = moment
            if isNoted {
                let place = TriggerCheckpoint(snapshot: moment.checkpoint.description, exported: name)
                placed.position = place.checkpoint
            }
            return .success(
                ExportedSnapshot(
                    moment: placed,
                    readers: readers,
                    notes: [],
                    types: types,
                    pool: pool,
                    leader: Leader(leader),
                    sectionBytes: sectionBytes
                )
            )
        } catch let error as PostgresError where leader.isOpen {
            switch error {
            case .server, .snapshotLost, .tooManyConnections, .insufficientPrivilege:
                return .failure(RejectedValue(reason: error.description))
            default: throw error
            }
        }
    }

    /// A connection whose transaction sees the snapshot `name`.
    ///
    /// - Parameter checkpoint: What it is known to show.
    func join(_ name: String, expecting checkpoint: Checkpoint?, interruption: Interruption) throws -> Session {
        let session = try connect(interruption)
        try rejoin(name, expecting: checkpoint, with: session)
        return session
    }

    /// Begins a transaction of `session` that sees the snapshot `name`.
    func rejoin(_ name: String, expecting checkpoint: Checkpoint?, with session: Session) throws {
        do { try session.begin(.snapshot, joining: name) } catch let error as PostgresError where error.isNoSnapshot {
            throw PostgresError.snapshotLost(
                session.endpoint,
                reason: "the connection that held it is gone",
                isTransient: true
            )
        }
        guard let checkpoint, try Self.position(of: session) != checkpoint else { return }
        throw PostgresError.snapshotLost(session.endpoint, reason: "another server answered", isTransient: false)
    }

    func connect(_ interruption: Interruption) throws -> Session {
        try Session(config, in: context, interruption: interruption, pinned: pinned)
    }

    /// Which transactions the session sees: two snapshots are of the same moment if this is the same, and rows that
    /// changed in between make it another.
    static func position(of session: Session) throws -> Checkpoint {
        let question = "SELECT \(session.capabilities.currentSnapshot)::pg_catalog.text"
        guard let text = try session.query(question).value else { throw unreadable(session) }
        return Checkpoint(text)
    }

    static func moment(of session: Session, origin: String) throws -> Moment {
        let snapshot = try position(of: session)
        // Asked after the snapshot was taken: whatever it shows is in the log by then.
        let question = "SELECT extract(epoch FROM now()), \(session.capabilities.logPosition)"
        guard let row = try session.query(question).rows.first, row.count == 2,
            let time = row[0].flatMap({ Double($0) })
        else { throw unreadable(session) }
        return Moment(checkpoint: snapshot, origin: origin, time: time, position: row[1].map(Checkpoint.init))
    }

    static func unreadable(_ session: Session) -> PostgresError {
        .malformed(session.endpoint, what: "the description of its snapshot")
    }
}
