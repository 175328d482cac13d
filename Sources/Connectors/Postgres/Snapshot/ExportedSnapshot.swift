import Foundation
import Synchronization
import TandemCore
import TandemRows

/// One moment of a database, read through several connections.
///
/// A connection of its own, the leader, holds a transaction open and exports
/// its snapshot; each reader's transaction imports it. Where that is refused,
/// the leader reads by itself.
final class ExportedSnapshot: Snapshot {
    let moment: Moment
    let readers: Int
    let notes: [String]
    let pool: SessionPool
    private let leader: Leader?
    let types: TypeMap
    /// How large a section of a table is at least.
    let sectionBytes: Int
    /// Whether what it shows is known to be on the server's disk.
    let isDurable = Atomic(false)
    let extents = Mutex(KnownExtents())

    init(
        moment: Moment,
        readers: Int,
        notes: [String],
        types: TypeMap,
        pool: SessionPool,
        leader: Leader?,
        sectionBytes: Int
    ) {
        self.moment = moment
        self.readers = readers
        self.notes = notes
        self.types = types
        self.pool = pool
        self.leader = leader
        self.sectionBytes = sectionBytes
    }

    /// Reading starts with the first reader's first call, and what is wrong with the table is said then.
    ///
    /// Several tables may be read at once, and then share the connections there are.
    func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows {
        rows(of: table, as: schema, unfit: unfit, where: nil)
    }

    /// - Parameter filter: A condition that rows must meet, if there is one.
    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        where filter: String?
    ) -> any TableRows {
        SnapshotTableReader(
            table,
            as: schema,
            policy: unfit,
            pool: pool,
            types: types,
            readers: readers,
            filter: filter
        )
    }

    /// Looked up by the server, which may take more keys for equal than have the same bytes.
    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        under keys: [RowKey]
    ) async throws -> any TableRows {
        rows(of: table, as: schema, unfit: unfit, where: KeyCondition.text(of: keys, in: schema))
    }

    /// Takes every range's sum at the server. What goes wrong there is left to reading to explain, or to get over.
    func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum? {
        try await sum(of: table, as: schema, where: nil)
    }

    /// - Parameter filter: A condition that rows must meet, if there is one.
    func sum(of table: CatalogTable, as schema: TableSchema, where filter: String?) async throws -> TableSum? {
        // A statement that fails takes its session with it, so that there must be more.
        guard TableSum.covers(schema), pool.canReplace else { return nil }
        let copy = SnapshotTableReader(
            table,
            as: schema,
            policy: .text,
            pool: pool,
            types: types,
            readers: readers,
            filter: filter
        )
        do {
            return try await withThrowingTaskGroup(of: TableSum.self) { group in
                for _ in 0..<copy.readers {
                    group.addTask { try await Blocking.run { try RangeSums(of: copy).total($0) } }
                }
                return try await group.reduce(TableSum(), +)
            }
        } catch is PostgresError {
            return nil
        } catch is RangeSums.NoText {
            return nil
        }
    }

    func close() async {
        pool.close()
        leader?.close()
    }

    deinit {
        pool.close()
        leader?.close()
    }
}

/// The connection whose transaction keeps the snapshot alive. Nothing is asked of it any more.
// Unchecked because after it is made it is only closed, and that under the lock.
final class Leader: @unchecked Sendable {
    private let session: Session
    private let lock = NSLock()

    init(_ session: Session) { self.session = session }

    func close() { lock.withLock { session.close() } }
}
