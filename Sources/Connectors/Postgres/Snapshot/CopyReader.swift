import TandemCore
import TandemRows

/// One thread's share of a ``SnapshotTableReader``: takes range after range until there are no more.
final class CopyReader: RowReader {
    private let copy: SnapshotTableReader
    private var session: Session?
    private var buffer: TupleBuffer
    private var work: (plan: CopyPlan, decoder: BatchDecoder)?
    private var current: Current?
    private var isDone = false
    /// Relations that this session has locked and found as the snapshot has them.
    private var confirmed: Set<UInt32> = []
    /// What went wrong last and was got over.
    private var failure: PostgresError?

    /// The range being read, and how far.
    private struct Current {
        let range: CopyPlan.Range
        var position = CopyPosition()
    }

    /// Pauses before something is tried again, in milliseconds.
    private static let pauses = [100, 500, 1000, 2000, 4000]

    init(_ copy: SnapshotTableReader) {
        self.copy = copy
        buffer = TupleBuffer(columnCount: copy.schema.columns.count)
    }

    deinit { dropSession() }

    func next() throws -> RowBatch? {
        do { return try nextBatch() } catch {
            isDone = true
            dropSession()
            // Told to stop, whatever broke first on the way.
            if copy.interruption.isRaised { throw CancellationError() }
            if case .snapshotLost(let place, _, let isTransient) = error as? PostgresError, let failure {
                throw PostgresError.snapshotLost(place, reason: failure.description, isTransient: isTransient)
            }
            throw error
        }
    }

    private func nextBatch() throws -> RowBatch? {
        guard !isDone else { return nil }
        try copy.interruption.check()
        let (plan, decoder) = try work ?? prepare()
        while var range = try current ?? nextRange(of: plan) {
            // Not before now: whoever had the last batch has let go of its memory, which is used again.
            buffer.removeAll()
            let isMore = try fill(from: &range)
            current = isMore ? range : nil
            guard buffer.rowCount > 0 else { continue }
            if let batch = try decode(decoder) { return batch }
        }
        isDone = true
        buffer = TupleBuffer(columnCount: 0)
        giveSessionBack()
        return nil
    }

    private func prepare() throws -> (plan: CopyPlan, decoder: BatchDecoder) {
        let made = try persistently { session in
            let plan = try copy.plan(through: session)
            let decoder = BatchDecoder(
                schema: copy.schema,
                columns: plan.columns.map(\.reading.decoder).map {
                    ColumnDecoding(.binary($0), checksUTF8: !session.capabilities.sendsValidUTF8)
                },
                policy: copy.policy
            )
            return (plan, decoder)
        }
        work = made
        return made
    }

    /// A session holds a lock on every partition that it has read, until it is given back.
    private static let lockLimit = 32

    private func nextRange(of plan: CopyPlan) throws -> Current? {
        guard let range = copy.nextRange(of: plan) else { return nil }
        if confirmed.count >= Self.lockLimit, !confirmed.contains(range.relation) { giveSessionBack() }
        try start(range)
        return Current(range: range)
    }

    private func start(_ range: CopyPlan.Range) throws {
        let plan = try (work ?? prepare()).plan
        try persistently { session in
            let before = plan.settings.before
            if !before.isEmpty { try session.execute(before.joined(separator: "; ")) }
            try session.beginCopy(plan.copy(range))
        }
    }

    /// Takes rows until the buffer is full or the range has ended.
    ///
    /// - Returns: Whether the range has more.
    private func fill(from range: inout Current) throws -> Bool {
        var failures = 0
        while true {
            let session = try openSession()
            do {
                if try session.receiveRows(into: &buffer, at: &range.position) { return true }
                // What is read next in this transaction may be another table.
                let after = work?.plan.settings.after ?? []
                if !after.isEmpty { try session.execute(after.joined(separator: "; ")) }
                try confirm(range.range.relation, on: session)
                return false
            } catch let error as PostgresError {
                let isAtStart = range.position.next == 0
                guard range.range.isRepeatable || isAtStart else { throw error.isConfined ? error : lost(error) }
                try recover(from: error, failures: failures)
                failures += 1
                // What is in the buffer stays there; the rows up to here are passed over.
                range.position = CopyPosition(after: range.position.next)
                try start(range.range)
            }
        }
    }

    private func decode(_ decoder: BatchDecoder) throws -> RowBatch? {
        var tally = ReadTally()
        do {
            let batch = try decoder.decode(&buffer, tally: &tally)
            copy.add(tally)
            return batch
        } catch let error as BatchDecoder.Malformed {
            let what = "a value of column \"\(error.column)\" of \(copy.schema.name)"
            throw PostgresError.malformed(try openSession().endpoint, what: what)
        }
    }

    /// Makes sure that `relation` was not emptied or rewritten before this session's lock kept others from doing so.
    private func confirm(_ relation: UInt32, on session: Session) throws {
        guard !confirmed.contains(relation) else { return }
        guard try CopyPlanner.isUnchanged(relation, on: session) else {
            throw CopyPlanner.rewritten(copy.schema.name, session.endpoint)
        }
        confirmed.insert(relation)
    }
}

// MARK: - The session, and getting over its loss

extension CopyReader {
    private func openSession() throws -> Session {
        if let session { return session }
        let borrowed: Session
        do { borrowed = try copy.pool.borrow(copy.interruption) } catch is SessionPool.Exhausted {
            throw PostgresError.snapshotLost(
                copy.pool.endpoint,
                reason: "its only connection was lost",
                isTransient: true
            )
        }
        session = borrowed
        return borrowed
    }

    private func giveSessionBack() {
        guard let session else { return }
        self.session = nil
        confirmed = []
        copy.pool.giveBack(session)
    }

    /// Gives the session back closed: it is in the middle of something, or its transaction has failed.
    private func dropSession() {
        session?.close()
        giveSessionBack()
    }

    /// Calls `body` until it succeeds, or fails for good.
    private func persistently<Value>(_ body: (Session) throws -> Value) throws -> Value {
        var failures = 0
        while true {
            do { return try body(openSession()) } catch let error as PostgresError {
                try recover(from: error, failures: failures)
                failures += 1
            }
        }
    }

    /// Lets go of the session and waits a little, if what went wrong may pass and the snapshot can be joined again.
    private func recover(from error: PostgresError, failures: Int) throws {
        switch error {
        // A lock that was not free for ten seconds is worth telling; trying again here would hide it for a minute.
        case .snapshotLost, .lockTimeout, .tableRewritten: throw error
        default: guard error.isTransient else { throw error }
        }
        dropSession()
        guard copy.pool.canReplace else { throw error.isConfined ? error : lost(error) }
        // Other tables need not wait for what is wrong with this one alone.
        guard failures < (error.isConfined ? 2 : Self.pauses.count) else { throw error }
        failure = error
        try copy.interruption.pause(milliseconds: Self.pauses[failures])
    }

    private func lost(_ error: PostgresError) -> PostgresError {
        .snapshotLost(copy.pool.endpoint, reason: error.description, isTransient: error.isTransient)
    }
}
