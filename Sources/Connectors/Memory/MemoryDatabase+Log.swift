import Synchronization
import TandemCore
package import TandemRows

extension MemoryDatabase {
    /// What was committed, in order, as long as somebody may still read it.
    struct Log {
        /// One transaction, or what became of a table otherwise.
        struct Entry: Sendable {
            /// Snapshots of this version and later ones show it.
            var version: Int
            var changes: [(table: TableSchema, change: MemoryChange)] = []
            /// A table whose rows were replaced, of which no change tells.
            var replaced: TableID?
            var time: Double
        }

        /// How far a sync has come.
        struct Reader {
            /// Tells its stream from every other.
            var id: String
            /// How many entries it needs no longer.
            var confirmed: Int
        }

        private var entries: [Entry] = []
        /// How many entries have been let go of.
        private(set) var start = 0
        /// By their syncs.
        private(set) var readers: [String: Reader] = [:]
        /// How many streams have begun.
        private var begun = 0
        /// Streams that are open, by a number of their own.
        var open: [Int: (sync: String, wake: AsyncStream<Void>.Continuation)] = [:]
        var opened = 0

        var end: Int { start + entries.count }

        /// - Returns: `nil` for what has not been written yet, or not any more.
        func entry(at place: Int) -> Entry? { place >= start && place < end ? entries[place - start] : nil }

        mutating func append(_ entry: Entry) {
            // Nobody would ever read it.
            if readers.isEmpty { start += 1 } else { entries.append(entry) }
            for stream in open.values { stream.wake.yield() }
        }

        /// Lets a stream begin at the end, in the place of the one that `sync` had.
        mutating func begin(_ sync: String) -> Reader {
            begun += 1
            let reader = Reader(id: "\(sync):\(begun)", confirmed: end)
            readers[sync] = reader
            return reader
        }

        mutating func confirm(_ place: Int, of sync: String) {
            guard let reader = readers[sync], place > reader.confirmed, place <= end else { return }
            readers[sync]?.confirmed = place
            letGo()
        }

        mutating func remove(_ sync: String) -> Bool {
            let isRemoved = readers.removeValue(forKey: sync) != nil
            letGo()
            return isRemoved
        }

        /// Forgets everything, and who has read it.
        mutating func lose() {
            (start, entries, readers) = (end, [], [:])
            for stream in open.values { stream.wake.yield() }
        }

        /// Forgets what no reader needs.
        private mutating func letGo() {
            let needed = readers.values.map(\.confirmed).min() ?? end
            entries.removeFirst(max(0, needed - start))
            start = max(start, needed)
        }
    }

    /// Makes these changes, one after another, in one transaction.
    package func commit(_ changes: [(table: TableName, change: MemoryChange)]) throws {
        try state.withLock { state in
            var tables = state.content.tables
            var entry = Log.Entry(version: state.version + 1, time: clock.time)
            for (name, change) in changes {
                guard var table = tables[name] else { throw MemoryError.noTable(name) }
                _ = table.apply(try change.net(of: table.schema, as: table.schema), of: table.schema, at: entry.time)
                tables[name] = table
                entry.changes.append((table.schema, change))
            }
            state.content.tables = tables
            state.version += 1
            state.log?.append(entry)
        }
    }

    /// Lets go of the whole log, as a server does that is restored.
    package func loseLog() { state.withLock { $0.log?.lose() } }
}
