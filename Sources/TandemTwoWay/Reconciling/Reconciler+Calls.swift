package import TandemCore
package import TandemRows

extension Reconciler {
    /// What is to be done outside, each answered by one ``Answer``. Those that are given out together may be done
    /// beside each other.
    package enum Action: Sendable {
        /// The links that these are about: ``Answer/links(_:)``.
        case lookUp([WorkItem])
        /// As ``RecordStore/read(_:of:)``: ``Answer/records(_:)``.
        case read(Side, pair: Int, [RowKey])
        /// Those that match, by the pair's ``PairRules/match``: ``Answer/records(_:)``.
        case find(Side, pair: Int, [[Value]])
        /// As ``RecordStore/made(by:of:)``: ``Answer/made(_:)``.
        case made(Side, pair: Int, [OperationID])
        /// In one transaction, which also makes durable what was stored before where it is to be: ``Answer/done``.
        case store(LinkChanges, isDurable: Bool)
        /// In a transaction where the side keeps notes, which stays open: ``Answer/outcomes(_:)``.
        case write(Side, [RecordWrite])
        /// Ends it, with what is to be stored of it: ``Answer/done``.
        case commit(Side, LinkChanges, number: Int64, forgetting: Int64)
        case rollback(Side)
        /// As ``RecordStore/notes(of:after:)``: ``Answer/notes(_:)``.
        case notes(Side, after: Int64)
    }

    package enum Answer: Sendable {
        case links([WorkItem: Link])
        case records([Record])
        case made([OperationID: Record])
        case outcomes([WriteID: WriteOutcome])
        case notes([(number: Int64, changes: LinkChanges)])
        case done
        /// The call may have had its effect. What it was about is tried again.
        case failed
    }

    /// What a link store knows at the start.
    package struct Start: Sendable {
        /// The next link's number.
        package var nextLink: LinkID
        /// As ``LinkChanges/note``.
        package var note: Int64
        package var marks: [WorkItem: Mark]
        /// Links of which something was left open: with an intent, without a counterpart or a base.
        package var unfinished: [Link]

        package init(nextLink: LinkID = 1, note: Int64 = 0, marks: [WorkItem: Mark] = [:], unfinished: [Link] = []) {
            self.nextLink = nextLink
            self.note = note
            self.marks = marks
            self.unfinished = unfinished
        }
    }
}
