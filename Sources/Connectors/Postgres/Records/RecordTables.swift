import Synchronization
import TandemCore

/// What is known of the tables that records are of, for all connections of a store.
final class RecordTables: Sendable {
    private let known = Mutex<[RecordShape: RecordTable]>([:])

    func known(_ shapes: Set<RecordShape>) -> [RecordShape: RecordTable] {
        known.withLock { known in
            var found: [RecordShape: RecordTable] = [:]
            for shape in shapes { found[shape] = known[shape] }
            return found
        }
    }

    func learn(_ tables: [RecordShape: RecordTable]) { known.withLock { $0.merge(tables) { $1 } } }

    /// Tables may have changed.
    func forget() { known.withLock { $0 = [:] } }
}
