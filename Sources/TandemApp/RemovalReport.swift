/// What was removed at one connection, and what was left.
package struct RemovalReport: Codable, Sendable {
    package var connection: String
    package var removed: [String]
    package var left: [FindingReport]

    package init(_ report: Removal.Report) {
        connection = report.connection
        removed = report.removed
        left = report.left.map { FindingReport($0) }
    }
}
