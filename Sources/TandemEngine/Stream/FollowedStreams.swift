import Synchronization
import TandemCore
import TandemRows

/// The streams of a run that follows, which go on side by side, and which tables each of them has.
///
/// None takes a table, or a place at the destination, that another still has: the changes that the one brings would
/// meet the other's copy. Who lets go of one has stopped before, and whoever is to have it takes it after the next look
/// at the catalog.
final class FollowedStreams: Sendable {
    private struct Stream {
        let backfills: Backfills
        var tables: Set<TableID> = []
        /// Folded, as all names here.
        var targets: Set<TableName> = []

        /// Whether it has the table, or one of the places, also for a copy that is not wanted any more and not gone.
        func has(_ table: TableID, _ places: [TableName], _ folding: NameFolding) -> Bool {
            if tables.contains(table) || places.contains(where: targets.contains) { return true }
            guard let copied = backfills.current else { return false }
            return copied.schema.id == table || copied.places(folding).contains(where: places.contains)
        }
    }

    private struct State {
        var streams: [Method: Stream] = [:]
        /// By which methods there is one, or about to be.
        var going: Set<Method>
    }

    /// What the catalog asks for by now, whenever it was looked at.
    let looks = CatalogLooks()
    let told = Told()
    let progress = StreamProgress()
    private let folding: NameFolding
    /// Inside each is who may write: a stream, or who looks at the catalog. Or else who has them stand still.
    private let gates: [Method: Gate]
    private let looking = Gate()
    /// Inside is a stream that finds out which tables it keeps up to date already.
    let settling = Gate()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - methods: By which there may be streams.
    ///   - first: By which there are, or about to be.
    init(_ methods: [Method], beginning first: [Method], folding: NameFolding) {
        self.folding = folding
        gates = Dictionary(uniqueKeysWithValues: methods.map { ($0, Gate()) })
        state = Mutex(State(going: Set(first)))
    }

    /// Whether no stream goes on.
    var isEmpty: Bool { state.withLock { $0.going.isEmpty } }

    func gate(of method: Method) -> Gate? { gates[method] }

    /// Notes that the stream goes on that comes by `method`.
    func begin(_ method: Method, _ backfills: Backfills) {
        state.withLock { state in
            state.going.insert(method)
            state.streams[method] = Stream(backfills: backfills)
        }
    }

    /// Notes that it goes on no longer.
    func end(_ method: Method) {
        state.withLock { state in
            state.going.remove(method)
            state.streams[method] = nil
        }
        progress.end(by: method)
    }

    // MARK: Which tables each has

    /// The tables of `plan` that come by `method`, without those that another stream has.
    func free(_ plan: SyncPlan, for method: Method) -> SyncPlan {
        state.withLock { free(plan, for: method, beside: $0.streams) }
    }

    /// The same. From now on the stream has them, beside what it had before.
    func claim(_ plan: SyncPlan, for method: Method) -> SyncPlan {
        state.withLock { state in
            let plan = free(plan, for: method, beside: state.streams)
            state.streams[method]?.tables.formUnion(plan.tables.map(\.schema.id))
            state.streams[method]?.targets.formUnion(plan.tables.flatMap { $0.places(folding) })
            return plan
        }
    }

    /// Notes that the stream has nothing to do any more with other tables than these.
    func keep(_ tables: [TablePlan], for method: Method) {
        state.withLock { state in
            state.streams[method]?.tables = Set(tables.map(\.schema.id))
            state.streams[method]?.targets = Set(tables.flatMap { $0.places(folding) })
        }
    }

    private func free(_ plan: SyncPlan, for method: Method, beside streams: [Method: Stream]) -> SyncPlan {
        let others = streams.filter { $0.key != method }.values
        return plan.part { table in
            table.method == method && !others.contains { $0.has(table.schema.id, table.places(folding), folding) }
        }
    }

    // MARK: What is done while nobody writes

    /// Looks at the catalog every now and then. Ends by being cancelled only.
    func look(_ clock: RunClock, _ plan: () async throws -> SyncPlan) async throws -> Never {
        try await looks.run(clock) { try await looking.pass(plan) }
    }

    /// Whether nothing is being copied beside a stream.
    var areIdle: Bool { state.withLock { $0.streams.values.allSatisfy(\.backfills.isIdle) } }

    /// Calls `body` while all of them stand still, each between two transactions.
    func standingStill(_ body: () async throws -> Void) async throws {
        try await inside(Method.allCases.compactMap { gates[$0] } + [looking]) {
            // What was begun since it was looked whether any is.
            for method in Method.allCases {
                try await state.withLock { $0.streams[method]?.backfills }?.giveUp()
                // Each takes what it is to have by then.
                keep([], for: method)
            }
            try await body()
        }
    }

    private func inside(_ gates: [Gate], _ body: () async throws -> Void) async throws {
        guard let gate = gates.first else { return try await body() }
        try await gate.pass { try await inside(Array(gates.dropFirst()), body) }
    }
}

extension TablePlan {
    /// Where the copy is to be, and where it may be until then.
    fileprivate func places(_ folding: NameFolding) -> [TableName] {
        [target, retires].compactMap { $0.map(folding.fold) }
    }
}
