import Synchronization
package import TandemCore
package import TandemRows

/// The log of a database in memory.
///
/// A place in it is a number: how many entries lie before it. Entries are kept
/// until every sync that reads them has confirmed what lies behind them.
package struct MemoryLog: ChangeLog {
    let database: MemoryDatabase
    /// How many rows of a table a stream holds back at most.
    var holdLimit = 100_000

    package func prepare(_ request: LogRequest, ownership: Ownership) async throws -> PreparedLog {
        let gap = gap(after: request.state, of: request.sync)
        if let state = request.state, gap == nil || !request.mayRestart { return PreparedLog(state: state, gap: gap) }
        try await ownership.note([made(for: request.sync)], [])
        let reader = database.state.withLock { $0.log?.begin(request.sync) }
        guard let reader else { throw MemoryError.noLog(database.name) }
        let start = StreamCheckpoint(id: reader.id, checkpoint: Checkpoint("\(reader.confirmed)"))
        return PreparedLog(state: start, gap: gap)
    }

    package func foresee(_ request: LogRequest, made: [MadeObject]) async throws -> ForeseenLog {
        ForeseenLog(gap: gap(after: request.state, of: request.sync))
    }

    /// Which changes are missing behind `state`; `nil` where none are.
    private func gap(after state: StreamCheckpoint?, of sync: String) -> String? {
        guard let state else { return nil }
        return database.state.withLock { database in
            guard let reader = database.log?.readers[sync], reader.id == state.id else {
                return "The log that was read is gone, and with it what was written since."
            }
            guard let place = state.checkpoint.entries, place >= reader.confirmed else {
                return "The log no longer has what was written after the place where the destination is."
            }
            return nil
        }
    }

    /// The line that says how far a sync has come.
    private func made(for sync: String) -> MadeObject {
        MadeObject(sync: sync, project: "", kind: .reader, name: sync, place: database.name)
    }

    /// A transaction is over at once.
    package func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] { [:] }

    /// There are no files.
    package func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] { [:] }
    package func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] { [:] }

    package func end() async throws -> Checkpoint { Checkpoint("\(database.state.withLock { $0.log?.end ?? 0 })") }

    package func snapshotAtEnd(readers: Int) async throws -> (any Snapshot)? {
        MemorySnapshot(of: database, readers: readers)
    }

    package func stream(_ request: StreamRequest) async throws -> any ChangeStream {
        if let gap = gap(after: request.start, of: request.sync) { throw MemoryError.lostLog(gap) }
        return MemoryStream(database, request, holdLimit: holdLimit)
    }

    package func status(of sync: String, at state: StreamCheckpoint?) async throws -> StreamStatus {
        database.state.withLock { database in
            var status = StreamStatus(slot: sync)
            status.exists = database.log?.readers[sync] != nil
            status.isRead = database.log?.open.values.contains { $0.sync == sync } == true
            return status
        }
    }

    /// Nothing is made for single tables.
    package func tidy(_ record: SourceRecord) async throws {}
}

extension Checkpoint {
    /// As a place in a ``MemoryLog``.
    var entries: Int? { Int(description) }
}
