import Synchronization
package import TandemCore
package import TandemRows

/// Writes down one run as it goes. Where that fails, it tells so once, and the run goes on without.
package final class RunRecorder: Sendable {
    private let sync: String
    private let clock: RunClock
    private let notify: @Sendable (String) -> Void
    /// When it was noted last how far the stream is.
    private let lastNote = Mutex<RunClock.Instant?>(nil)
    /// Changes by the tables' numbers that are to be written.
    private let changes = Mutex<[TableID: Int]>([:])
    private static let noteInterval = Duration.seconds(2)
    /// The tables that were last said to be up to date. Others join while the stream stands still for a moment, and
    /// that is not written down for each of these.
    private let streaming = Mutex<Set<TableID>>([])
    /// `nil` once something went wrong.
    private let open: Mutex<(store: StateStore, run: Int64)?>

    /// Begins a run.
    ///
    /// - Parameters:
    ///   - store: `nil` to record nothing.
    ///   - notify: Gets the one sentence about what went wrong.
    package init(
        of sync: String,
        in store: StateStore?,
        clock: RunClock = .system,
        notify: @escaping @Sendable (String) -> Void
    ) async {
        self.sync = sync
        self.clock = clock
        self.notify = notify
        guard let store else {
            open = Mutex(nil)
            return
        }
        do throws(StateError) {
            open = Mutex((store, try await store.beginRun(of: sync)))
        } catch {
            open = Mutex(nil)
            notify(Self.explain(error))
        }
    }

    package func record(_ event: TableEvent, of source: TableName, id: TableID, target: TableName) async {
        note(event, [id])
        await attempt { (store, run) throws(StateError) in
            try await store.record(event, of: source, id: id, target: target, sync: sync, run: run)
        }
    }

    /// The same of several tables.
    package func record(_ event: TableEvent, of tables: [StateStore.TableKey]) async {
        note(event, tables.map(\.id))
        await attempt { (store, run) throws(StateError) in
            try await store.record(event, of: tables, sync: sync, run: run)
        }
    }

    /// Whether a table was last said to be up to date.
    package func isStreaming(_ table: TableID) -> Bool { streaming.withLock { $0.contains(table) } }

    /// Notes that the source was lost, so that no table is known to be up to date.
    package func loseTouch() { streaming.withLock { $0 = [] } }

    private func note(_ event: TableEvent, _ tables: [TableID]) {
        streaming.withLock { streaming in
            if case .streaming = event { streaming.formUnion(tables) } else { streaming.subtract(tables) }
        }
    }

    /// Notes what tables are called now, by their ids at the source.
    package func rename(_ names: [TableID: TableName]) async {
        await attempt { (store, _) throws(StateError) in try await store.rename(names, sync: sync) }
    }

    /// Forgets what failed and was never copied, where it is not among the tables that there are now.
    package func forgetUncopied(except chosen: [TableName]) async {
        await attempt { (store, _) throws(StateError) in try await store.forgetUncopied(of: sync, except: chosen) }
    }

    /// Notes that these are the issues that tables have now.
    package func record(_ issues: [TableName: [RowIssue]]) async {
        await attempt { (store, run) throws(StateError) in try await store.record(issues, sync: sync, run: run) }
    }

    /// Notes how far the run has followed its source.
    ///
    /// Not every call is written, for there are many in a second.
    ///
    /// - Parameters:
    ///   - time: When the last transaction was committed there, seconds since 1970.
    ///   - isLast: Whether this is how far the run came in the end, which is always written.
    package func noteStream(changes: Int, transactions: Int, time: Double?, isLast: Bool) async {
        let now = clock.now
        let isDue = lastNote.withLock { last in
            guard isLast || last.map({ now - $0 >= Self.noteInterval }) ?? true else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        await writeChanges()
        await attempt { (store, run) throws(StateError) in
            try await store.noteStream(run, changes: changes, transactions: transactions, time: time)
        }
    }

    /// Notes that so many more changes have been applied to tables, by their ids at the source. They are written
    /// with ``noteStream(changes:transactions:time:isLast:)`` or ``finish(_:rows:bytes:error:remedy:)``.
    package func add(changes added: [TableID: Int]) {
        changes.withLock { $0.merge(added, uniquingKeysWith: +) }
    }

    private func writeChanges() async {
        let added = changes.withLock { changes in
            defer { changes = [:] }
            return changes
        }
        await attempt { (store, _) throws(StateError) in try await store.add(changes: added, of: sync) }
    }

    /// Ends the run. What comes after it is not recorded.
    package func finish(
        _ outcome: RunRecord.Outcome,
        rows: Int = 0,
        bytes: Int = 0,
        error: String? = nil,
        remedy: String? = nil
    ) async {
        await writeChanges()
        await attempt { (store, run) throws(StateError) in
            try await store.finishRun(run, outcome, rows: rows, bytes: bytes, error: error, remedy: remedy)
        }
        open.withLock { $0 = nil }
    }

    private func attempt(_ body: (StateStore, Int64) async throws(StateError) -> Void) async {
        guard let (store, run) = open.withLock({ $0 }) else { return }
        do throws(StateError) { try await body(store, run) } catch {
            let isFirst = open.withLock { open in
                defer { open = nil }
                return open != nil
            }
            if isFirst { notify(Self.explain(error)) }
        }
    }

    private static func explain(_ error: StateError) -> String {
        "This run leaves no history: \(error) \(error.remedy?.text ?? "")"
    }
}
