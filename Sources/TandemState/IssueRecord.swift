package import Foundation
package import TandemRows

/// A row that could not be synced.
package struct IssueRecord: Hashable, Sendable {
    package var id: Int64
    package var sync: String
    package var table: TableName
    package var key: String
    package var column: String
    package var cause: String
    /// In how many runs it was met.
    package var count: Int
    package var firstSeen: Date
    package var lastSeen: Date
    /// The last run that met it.
    package var run: Int64
}
