import Synchronization
import TandemCore
import TandemRows

/// The rows of one table in a snapshot, read by several connections at once.
///
/// What is to be read is found out by the first reader that asks for rows, and
/// dealt out to all range by range.
final class SnapshotTableReader: TableRows {
    let schema: TableSchema
    let readers: Int
    let table: CatalogTable
    let policy: UnfitPolicy
    let pool: SessionPool
    let types: Mutex<TypeMap?>
    let interruption = Interruption()
    private let filter: String?
    private let range: CursorRange?
    private let section: TableSection?
    private let plan = Mutex<Result<CopyPlan, any Error>?>(nil)
    private let state = Mutex(State())

    private struct State {
        var next = 0
        var tally = ReadTally()
    }

    /// - Parameters:
    ///   - readers: How many connections the snapshot has.
    ///   - filter: A condition that rows must meet, if there is one.
    ///   - range: The rows that are wanted by a cursor, if they are.
    ///   - section: The only part of the table that is wanted, if that is not all.
    init(
        _ table: CatalogTable,
        as schema: TableSchema,
        policy: UnfitPolicy,
        pool: SessionPool,
        types: TypeMap?,
        readers: Int,
        filter: String? = nil,
        range: CursorRange? = nil,
        section: TableSection? = nil
    ) {
        self.section = section
        self.filter = filter
        self.range = range
        self.table = table
        self.schema = schema
        self.policy = policy
        self.pool = pool
        self.types = Mutex(types)
        self.readers = Self.useful(readers, for: table)
    }

    /// As many readers as have work: a small table is read faster by one.
    private static func useful(_ readers: Int, for table: CatalogTable) -> Int {
        switch table.kind {
        case .view, .foreignTable: 1
        case .table, .partitionedTable, .materializedView:
            table.bytes.map { max(1, min(readers, $0 / CopyPlan.leastRangeBytes)) } ?? readers
        }
    }

    func makeReader() throws -> any RowReader { CopyReader(self) }
    func cancel() { interruption.raise() }
    var tally: ReadTally { state.withLock { $0.tally } }

    /// The plan, made through `session` if there is none yet.
    func plan(through session: Session) throws -> CopyPlan {
        try plan.withLock { plan in
            if let plan { return try plan.get() }
            let made = Result { () throws -> CopyPlan in
                let types = try types.withLock { types in
                    let known = try types ?? CatalogReader(session).types()
                    types = known
                    return known
                }
                let planner = CopyPlanner(
                    session: session,
                    table: table,
                    schema: schema,
                    types: types,
                    filter: filter,
                    range: range,
                    section: section
                )
                return try planner.plan(readers: readers)
            }
            // A connection that broke says nothing of the table; another reader may ask again.
            if session.isOpen { plan = made }
            return try made.get()
        }
    }

    /// The next range that nobody has taken, or `nil` after the last.
    func nextRange(of plan: CopyPlan) -> CopyPlan.Range? {
        state.withLock { state in
            guard state.next < plan.ranges.count else { return nil }
            defer { state.next += 1 }
            return plan.ranges[state.next]
        }
    }

    func add(_ part: ReadTally) {
        state.withLock { $0.tally.add(part) }
    }
}
