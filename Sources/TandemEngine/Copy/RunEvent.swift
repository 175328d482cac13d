package import TandemCore
package import TandemRows

/// What happens during a run, for whoever shows it.
package enum RunEvent: Sendable {
    /// What is going to be done.
    case planned(SyncPlan)
    /// The same, of what is followed, once it has been looked at again.
    case replanned(SyncPlan)
    /// The source's moment is fixed; `notes` say what is out of the ordinary about how it is read.
    case snapshotTaken(Moment, readers: Int, notes: [String])
    case tableStarted(TablePlan, TableProgress)
    /// Of the table so many bytes are at the destination already, from an attempt that was cut off.
    case copyResumed(TablePlan, bytes: Int, of: Int)
    /// Values did not fit their columns' types, so the table is read again with these columns as text.
    case tableRetyped(TablePlan, columns: [String])
    /// The destination wants the table once more from its start.
    case tableReread(TablePlan, reason: String)
    case tableLoaded(TablePlan, TableOutcome)
    case tableFailed(TablePlan, TableFailure)
    /// A table failed in passing. It is tried again after a pause, when all others are done.
    case tablePostponed(TablePlan, any ExplainedError, pause: Duration)
    /// The source did not answer as it should; the next attempt comes after a pause.
    case retrying(any ExplainedError, pause: Duration, attempt: Int)
    /// The source turned out not to offer a method that `auto` had chosen: its tables take another one.
    case methodRuledOut(Method, reason: String, remedy: Remedy?)
    /// What was loaded is in place.
    case published([TableOutcome])
    /// It is clear which stream is followed. A gap says which changes are missing, so that every table is copied again.
    case streamPrepared(notes: [String], gap: String?)
    /// Changes are applied from now on, up to `end` if there is one.
    case following(StreamProgress, tables: [TablePlan], end: Checkpoint?)
    /// A table that was copied beside the stream is followed with the others from now on, of which there are so many.
    case joined(TablePlan, StreamProgress, followed: Int)
    /// The changes that were made before the tables were followed, or asked for, have been applied.
    case caughtUp(tables: [TablePlan])
    /// Changes have been applied.
    case applied(StreamProgress)
    /// The rows that the destination does not hold as the source has them are these from now on, in a table that is
    /// followed.
    case issues(TablePlan, [RowIssue])
    /// A table cannot be followed past a change; `reason` is what comes after "because".
    case copyingAgain(TablePlan, reason: String)
    /// A table that was followed until now is so no more, and its copy stays as it is; `reason` is a sentence.
    case followedNoLonger(TableName, reason: String, remedy: Remedy?)
}

/// A table that is in place, or will be once the run publishes.
package struct TableOutcome: Sendable {
    package var copy: SyncedTable
    package var tally: ReadTally
    package var duration: Duration
    /// Bytes at the source that an earlier attempt had copied, where this one went on from there.
    package var bytesResumed: Int?
    /// Where rows were merged into the copy that was there.
    package var merge: Merge?

    /// Rows written.
    package var written: Int { merge == nil ? copy.rows : tally.rows - tally.refused }

    package struct Merge: Sendable {
        /// Rows that were found to be deleted at the source; `nil` where nobody has looked.
        package var deleted: Int?
        /// Whether what was read is read again next time, because transactions were open that had written to the table.
        package var isHeldBack: Bool
    }
}

/// A table that could not be copied. Its old copy stays as it was.
package struct TableFailure: Sendable {
    package var message: String
    package var remedy: Remedy?
    /// Whether somebody had locked it, so that nothing was read.
    var isLocked = false
}

extension TableFailure {
    package init(message: String, remedy: Remedy?) { (self.message, self.remedy) = (message, remedy) }

    init(_ error: any Error) {
        self.init(message: "\(error)", remedy: (error as? any ExplainedError)?.remedy)
    }
}
