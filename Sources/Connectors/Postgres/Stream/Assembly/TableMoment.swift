import TandemCore
import TandemRows

/// When a table was copied, and so which transactions its copy shows already.
struct TableMoment {
    private let snapshot: SnapshotVisibility
    /// The copy shows nothing that was committed behind this place.
    private let position: LSN?
    /// The transaction that was asked for last, and the answer.
    private var last: (transaction: Int, isShown: Bool)?
    /// Whether the log has passed the copy: nothing of it is shown any more.
    private var isPassed = false

    /// `nil` where the moment is not one of a Postgres snapshot.
    init?(_ moment: Moment) {
        guard let snapshot = SnapshotVisibility(moment.checkpoint.description) else { return nil }
        self.snapshot = snapshot
        guard let text = moment.position?.description else {
            position = nil
            return
        }
        guard let place = LSN(text) else { return nil }
        position = place
    }

    /// Whether the copy shows the transaction.
    ///
    /// - Parameter number: Tells the transaction from those before it in this stream.
    @inline(__always)
    mutating func shows(_ transaction: TransactionStart, number: Int) -> Bool {
        if isPassed { return false }
        if let last, last.transaction == number { return last.isShown }
        return look(transaction, number)
    }

    /// Whether the transaction `xid` and all before it had ended when the table was copied.
    func isAfter(_ xid: UInt64) -> Bool { xid < snapshot.oldest }

    private mutating func look(_ transaction: TransactionStart, _ number: Int) -> Bool {
        if let position, !transaction.isCommitted(before: position) {
            // Commits come in the order of the log.
            isPassed = true
            return false
        }
        let isShown = snapshot.shows(transaction.xid)
        last = (number, isShown)
        return isShown
    }
}
