import Synchronization
package import TandemCore
import TandemRows

extension MemoryRecords {
    package func begin(_ sync: String) async throws -> (any RecordTransaction)? {
        guard manners.keepsNotes else { return nil }
        return MemoryRecordTransaction(self, session: state.withLock { $0.session })
    }

    package func notes(of sync: String, after number: Int64) async throws -> [WriteNote] {
        state.withLock { state in
            // What was begun before cannot be committed any more.
            state.session += 1
            state.locked = []
            state.notes.removeAll { $0.number <= number }
            return state.notes.sorted { $0.number < $1.number }
        }
    }
}

/// Writes that are tried on a copy and done at the end. What they are about, nobody else writes to meanwhile.
final class MemoryRecordTransaction: RecordTransaction {
    private let records: MemoryRecords
    private let session: Int
    private let draft = Mutex<(writes: [(write: RecordWrite, made: Record?)], locks: Set<HintBatch.Hint>)>(([], []))

    init(_ records: MemoryRecords, session: Int) {
        self.records = records
        self.session = session
    }

    func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome] {
        try records.state.withLock { state in
            guard state.session == session else { throw MemoryError.closed }
            var copy = state
            var outcomes: [WriteID: WriteOutcome] = [:]
            for (write, made) in draft.withLock({ $0.writes }) {
                _ = copy.perform(write, records.manners, reserved: made)
            }
            for write in writes where !state.isLocked(write) {
                let outcome = copy.perform(write, records.manners)
                outcomes[write.id] = outcome
                switch outcome {
                case .stored(let record): keep(write, record, &state)
                case .deleted: keep(write, nil, &state)
                case .overwrote, .stale, .rejected, .unknown: break
                }
            }
            // Keys that were made are used up, whatever becomes of the transaction.
            for (id, table) in copy.tables { state.tables[id]?.nextKey = table.nextKey }
            return outcomes
        }
    }

    private func keep(_ write: RecordWrite, _ made: Record?, _ state: inout MemoryRecords.State) {
        draft.withLock { draft in
            switch write.change {
            case .create: draft.writes.append((write, made))
            case .update(let record, _), .delete(let record):
                draft.writes.append((write, nil))
                let lock = HintBatch.Hint(table: write.shape.id, key: record.key)
                draft.locks.insert(lock)
                state.locked.insert(lock)
            }
        }
    }

    func commit(_ note: WriteNote, forgetting number: Int64) async throws {
        let draft = draft.withLock { $0 }
        try records.state.withLock { state in
            guard state.session == session else { throw MemoryError.closed }
            var copy = state
            copy.locked.subtract(draft.locks)
            for (write, made) in draft.writes {
                switch copy.perform(write, records.manners, reserved: made) {
                case .stored, .overwrote, .deleted: break
                case .stale, .rejected, .unknown:
                    // Somebody has taken what it would have made.
                    state.locked.subtract(draft.locks)
                    throw MemoryError.closed
                }
            }
            copy.notes.removeAll { $0.number <= number }
            copy.notes.append(note)
            state = copy
        }
    }

    func rollback() async {
        let draft = draft.withLock { $0 }
        records.state.withLock { $0.locked.subtract(draft.locks) }
    }
}
