import TandemCore

/// A finding in `--json`.
struct FindingJSON: Encodable {
    var connection: String?
    var severity: Finding.Severity
    var subject: String
    var message: String
    var remedy: Remedy?

    /// - Parameter connection: Whose it is, where that is not said around it.
    init(_ finding: Finding, of connection: String? = nil) {
        self.connection = connection
        severity = finding.severity
        subject = finding.subject
        message = finding.message
        remedy = finding.remedy
    }
}
