package import Foundation

/// One run of a sync.
package struct RunRecord: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, Codable {
        case running, succeeded, failed
        /// Stopped by its user, or by the end of its process.
        case interrupted
    }

    package var id: Int64
    package var sync: String
    package var started: Date
    /// `nil` while it runs, and where its process ended without saying so.
    package var ended: Date?
    package var outcome: Outcome
    package var rows: Int
    package var bytes: Int
    /// Changes applied from the source's log, and the transactions they were made in.
    package var changes: Int
    package var transactions: Int
    /// When the last of these was committed at the source.
    package var streamTime: Date?
    package var error: String?
    package var remedy: String?
}
