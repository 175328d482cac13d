import TandemCore
import TandemRows

/// What both of a database's logs do.
extension PostgresSource {
    /// Gets a stream ready over the source's connection, and has the destination learn first of what is about to be
    /// made.
    ///
    /// - Parameter prepare: Gets what the destination knows of. Throws ``Unclaimed`` for what it does not.
    func claiming(
        _ ownership: Ownership,
        _ prepare: @escaping @Sendable (Session, [MadeObject]) throws -> PreparedLog
    ) async throws -> PreparedLog {
        var ownership = ownership
        while true {
            do {
                return try await connection.run { [known = ownership.known] in try prepare($0, known) }
            } catch let unclaimed as Unclaimed {
                try await ownership.learn(unclaimed.made, forgetting: unclaimed.gone)
            }
        }
    }

    /// Calls `body` with a connection of its own, so that others are asked meanwhile.
    func withOwnSession<Value: Sendable>(
        _ body: @escaping @Sendable (Session) throws -> Value
    ) async throws -> Value {
        let (config, context, pinned) = (config, context, pinned)
        return try await Blocking.run { interruption in
            let session = try Session(config, in: context, interruption: interruption, pinned: pinned)
            defer { session.close() }
            return try body(session)
        }
    }

    /// Takes a snapshot, for as many readers as the configuration says, or else `readers`.
    func taking<Taken: Sendable>(
        readers: Int,
        _ take: @escaping @Sendable (SnapshotTaking, Int, Interruption) throws -> Taken
    ) async throws -> Taken {
        let taking = SnapshotTaking(config: config, context: context, pinned: pinned, sectionBytes: sectionBytes)
        let count = max(1, config.readers ?? readers)
        return try await Blocking.run { try take(taking, count, $0) }
    }

    /// Looks at the rows of the files, as far as this user may.
    func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await connection.run { try RewrittenFiles($0).areRewritten(files) }
    }
}

extension [UInt32: [String]] {
    /// What comes of open transactions, told by the tables that they have written to, for a copy of these.
    var leftTables: [TableID: LeftTable] {
        byTable.mapValues { writers in
            LeftTable(
                reason: "It cannot be copied while a transaction is open that has written to it: \(writers.listed).",
                remedy: Remedy("Let that transaction end; the next run copies the table.")
            )
        }
    }
}
