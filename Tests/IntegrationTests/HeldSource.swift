import Foundation
import TandemCore
import TandemRows
import TandemTesting

/// A source whose rows do not come before somebody lets them, which notes what streams it is asked for, and is the one
/// it wraps otherwise.
struct HeldSource: ChangeSource {
    let source: any ChangeSource
    let gate: any RowGate

    /// Blocks who reads rows, until it is opened.
    // Unchecked because the condition guards what changes.
    final class Gate: RowGate, @unchecked Sendable {
        private let condition = NSCondition()
        private var isOpen = false
        private var reached = false
        private var streams: [StreamRequest] = []

        /// The streams that were asked for.
        var requests: [StreamRequest] { condition.withLock { streams } }
        func note(_ request: StreamRequest) { condition.withLock { streams.append(request) } }

        /// Whether somebody has wanted rows.
        var isReached: Bool { condition.withLock { reached } }

        func open() {
            condition.withLock {
                isOpen = true
                condition.broadcast()
            }
        }

        func pass() {
            condition.withLock {
                reached = true
                while !isOpen { condition.wait() }
            }
        }
    }

    func catalog() async throws -> Catalog { try await source.catalog() }
    func check(_ tables: [TableName]) async -> [Finding] { await source.check(tables) }
    func setup(_ request: SetupRequest) async throws -> SetupScript { try await source.setup(request) }
    func position() async throws -> Checkpoint { try await source.position() }
    func query(_ sql: String) async throws -> QueryResult { try await source.query(sql) }
    func close() async { await source.close() }
    func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] {
        try await source.awaitWriters(of: tables, limit: limit)
    }
    func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await source.areRewritten(files)
    }
    func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await source.areEmptied(files)
    }
    func logPosition() async throws -> Checkpoint { try await source.logPosition() }
    func streamStatus(of sync: String, at state: StreamState?) async throws -> StreamStatus {
        try await source.streamStatus(of: sync, at: state)
    }
    func logSnapshot(readers: Int) async throws -> (any Snapshot)? { try await source.logSnapshot(readers: readers) }
    func tidy(_ record: SourceRecord) async throws { try await source.tidy(record) }
    func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown { try await source.teardown(records) }

    func changes(_ request: StreamRequest) async throws -> any ChangeStream {
        gate.note(request)
        return try await source.changes(request)
    }

    func prepareStream(
        of sync: String,
        tables: [CatalogTable],
        maySetUp: Bool,
        continuing state: StreamState?,
        mayRestart: Bool,
        ownership: Ownership
    ) async throws -> PreparedStream {
        try await source.prepareStream(
            of: sync,
            tables: tables,
            maySetUp: maySetUp,
            continuing: state,
            mayRestart: mayRestart,
            ownership: ownership
        )
    }

    func snapshot(readers: Int) async throws -> any Snapshot {
        InterceptedSnapshot(try await source.snapshot(readers: readers)) { [gate] rows, _ in
            InterceptedRows(rows, onCancel: gate.open) { reader in
                let batch = try reader.next()
                gate.pass()
                return batch
            }
        }
    }
}

/// What rows have to pass.
protocol RowGate: Sendable {
    /// Called with each stream that is asked for.
    func note(_ request: StreamRequest)
    /// Called with each batch, by the destination's own threads.
    func pass()
    /// Called when nobody wants the rows any more.
    func open()
}
