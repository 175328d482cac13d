package import TandemCore

/// A finding, as reports have it.
package struct FindingReport: Codable, Sendable {
    package var connection: String?
    package var severity: Finding.Severity
    package var subject: String
    package var message: String
    package var remedy: Remedy?

    /// - Parameter connection: Whose it is, where that is not said around it.
    package init(_ finding: Finding, of connection: String? = nil) {
        self.connection = connection
        severity = finding.severity
        subject = finding.subject
        message = finding.message
        remedy = finding.remedy
    }
}
