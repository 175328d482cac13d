import TandemCore
import TandemRows

/// A transaction of changes, over a connection of its own: all others see what was there before, until it is committed.
///
/// What is not committed is undone with this object.
final class ChangeWriter {
    let session: Session
    let sync: String
    private let feed: RowFeed
    private let metadata: Metadata
    /// Tables as they were found or made in this transaction, by their folded names.
    private var tables: [TableName: TargetTable] = [:]
    /// By how many rows each of them has grown, or shrunk.
    private var growth: [TableName: Int] = [:]
    private var pinned = PinnedMemory()
    private var threads = 0
    private var isLarge = false

    /// Begins.
    init(_ session: Session, of sync: String) throws {
        self.session = session
        self.sync = sync
        metadata = Metadata(session)
        feed = try session.file.instance.takeFeed()
        try metadata.prepare()
        try session.run("RESET disabled_compression_methods; BEGIN", to: "begin")
    }

    deinit { session.file.instance.giveBack(feed) }

    /// Rows that one thread looks through for keys. Fewer are not worth a second thread, which waits in a busy loop.
    private static let rowsPerThread = 4_000_000

    /// Lets DuckDB use as many threads as `changes` are worth.
    func useThreads(for changes: [TargetChanges], atMost limit: Int) throws {
        let rows = changes.map(\.before.rows).max() ?? 0
        let wanted = max(1, min(rows / Self.rowsPerThread, limit))
        // They are the same for all who have the file open, and who loads a table has said how many it takes.
        guard wanted > threads, session.file.isReusable else { return }
        try session.run("SET threads = \(wanted)", to: "prepare to write changes")
        threads = wanted
    }

    /// Makes ready for a transaction that comes in parts, of which `changes` is the first.
    ///
    /// DuckDB writes whole groups of rows to the file meanwhile. With both methods for strings to be tried, a group of
    /// a hundred megabytes would take more than the standard memory.
    func expectMore(than changes: [TargetChanges]) throws {
        guard !isLarge else { return }
        isLarge = true
        let strings = StringCompression(for: changes.lazy.flatMap(\.changes.written).first)
        let vain = strings == .undecided ? StringCompression.unique.vainMethods : strings.vainMethods
        try session.run("SET disabled_compression_methods = '\(vain)'", to: "prepare to write changes")
    }

    /// Makes sure that what is under the names of copies is still ours, for users may have put tables of their own
    /// there. DuckDB looks through all tables of the file, so that it is asked once as long as no other process has
    /// written to it.
    ///
    /// - Throws: ``TableMismatch``.
    func refuseForeign(_ changes: [TargetChanges]) throws {
        let targets = changes.map(\.before.target)
        let unseen = Set(targets.map(SQL.fold)).subtracting(session.file.seen)
        guard !unseen.isEmpty else { return }
        let foreign = try WarehouseCatalog(session).foreign(among: unseen)
        session.file.see(unseen.subtracting(foreign))
        guard let name = targets.first(where: { foreign.contains(SQL.fold($0)) }) else { return }
        throw TableMismatch(name, because: "there is another table in its place")
    }

    func apply(_ changes: TargetChanges) throws {
        if changes.before != changes.after || !changes.evolution.isEmpty { try evolve(changes) }
        try allowMemory(for: changes, removing: changes.changes.removedCount ?? changes.before.rows)
        let table = try table(changes.after)
        let rows = try TableWriter(table: table, session: session, feed: feed).write(changes.changes)
        growth[SQL.fold(table.name), default: 0] += rows
    }

    /// The standard is enough but for values of megabytes, which must be in memory whole, several times, and for what
    /// is pinned of many tables, or of a large one.
    ///
    /// - Parameter removed: How many rows are taken away, at most.
    private func allowMemory(for changes: TargetChanges, removing removed: Int) throws {
        pinned.note(
            SQL.fold(changes.after.target),
            columns: changes.after.schema.columns.count,
            removed: removed,
            of: changes.before.rows
        )
        let standard = DuckDBConfig.standardMemoryLimit
        let largest = changes.changes.largestBatch
        let values = largest > 4 * RowBatch.byteLimit ? 6 * largest : 0
        let more = values + (pinned.bytes > standard / 4 ? pinned.bytes : 0)
        if more > 0 { try session.allowMemory(atLeast: standard + more) }
    }

    func commit(advancing checkpoint: StreamCheckpoint?) throws {
        try storeGrowth()
        if let checkpoint { try metadata.store(checkpoint, of: sync) }
        try session.run("COMMIT", to: "commit")
    }

    private func table(_ copy: SyncedTable) throws -> TargetTable {
        let name = SQL.fold(copy.target)
        if let known = tables[name] { return known }
        let table = try TargetTable(copy, in: session)
        tables[name] = table
        return table
    }

    private func evolve(_ changes: TargetChanges) throws {
        try storeGrowth()
        var name = changes.before.target
        for step in changes.evolution {
            try checkColumns(of: name, for: step, among: changes)
            tables[SQL.fold(name)] = nil
            if case .setMetadataColumns(let columns) = step {
                // Rows with a mark lie anywhere.
                try allowMemory(for: changes, removing: changes.before.rows)
                let removed = try MetadataColumnWriter(table: name, session: session).set(columns)
                growth[SQL.fold(changes.after.target), default: 0] -= removed
            }
            name = try TableEvolution(table: name, session: session).apply(step)
        }
        tables[SQL.fold(name)] = nil
        let before = changes.before.target
        guard try metadata.replace(before, by: changes.after, isCounted: false, of: sync) else { throw unknown(before) }
    }

    /// Nothing of a user's is taken for a column of ours.
    private func checkColumns(
        of name: TableName,
        for step: TargetChanges.Evolution,
        among changes: TargetChanges
    ) throws {
        let met = try changes.userColumn(
            metBy: step,
            among: { try WarehouseCatalog(session).columns(of: name)?.map(\.name) ?? [] },
            folding: SQL.folding
        )
        if let met { throw TargetError(changes.before.target, DuckDBError.userColumn(name, column: met)) }
    }

    private func storeGrowth() throws {
        defer { growth = [:] }
        guard try metadata.add(growth, of: sync) < growth.count else { return }
        let known = Set(try metadata.copies(of: sync).map { SQL.fold($0.target) })
        if let lost = growth.keys.first(where: { !known.contains($0) }).flatMap({ tables[$0]?.name }) {
            throw unknown(lost)
        }
    }

    private func unknown(_ name: TableName) -> TableMismatch {
        TableMismatch(name, because: "the warehouse does not know it as a copy of sync \(sync)")
    }
}

extension NetChanges {
    /// The bytes of its largest batch.
    fileprivate var largestBatch: Int {
        (written + patched.map(\.rows) + removed).map(\.byteCount).max() ?? 0
    }

    /// How many rows are taken away by key, at most. `nil` if it is a range of them.
    fileprivate var removedCount: Int? {
        removedFrom == nil ? (removed + patched.map(\.keys)).reduce(0) { $0 + $1.rowCount } : nil
    }
}
