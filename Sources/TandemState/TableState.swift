package import Foundation
package import TandemCore
package import TandemRows

/// How one table of a sync stands.
package struct TableState: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable, Codable {
        case pending, copying, copied
        /// Copied, and changes made meanwhile are being applied.
        case catchingUp = "catching up"
        /// Up to date with its source but for changes on their way.
        case streaming
        case failed
        /// Gone from its source, or not chosen any more. Its copy stays as it is.
        case inactive
    }

    package var sync: String
    package var source: TableName
    package var target: TableName
    /// Its id at the source.
    package var id: TableID
    package var phase: Phase
    /// When its last attempt began and ended.
    package var started: Date?
    package var ended: Date?
    /// Of the last good copy, however the attempts after it went.
    package var rows: Int
    package var bytes: Int
    /// Changes that have been applied to that copy.
    package var changes: Int
    package var copied: Date?
    package var moment: Moment?
    package var error: String?
    package var remedy: String?
    /// Attempts since the last good copy.
    package var attempts: Int
}

/// What happens to a table in the course of a run.
package enum TableEvent: Hashable, Sendable {
    case pending
    case started
    case catchingUp
    case streaming
    /// With the rows that were left out, which come to those of earlier reads.
    case merged(rows: Int, bytes: Int, moment: Moment, refusals: [RejectedValue] = [])
    /// With the rows that were left out, which replace those of earlier copies.
    case copied(rows: Int, bytes: Int, moment: Moment, refusals: [RejectedValue] = [])
    case failed(error: String, remedy: String?)
    case inactive
}
