import TandemCore

/// Turns the failure of a connection into the answer to what was checked.
enum Reachability {
    /// A finding for `error`, under the subject it belongs to.
    static func finding(for error: any Error) -> Finding {
        guard let error = error as? any ExplainedError else { return Finding(.error, "server", "\(error)") }
        let subject = (error as? PostgresError).map(subject) ?? "server"
        return Finding(.error, subject, "\(error)", remedy: error.remedy)
    }

    private static func subject(of error: PostgresError) -> String {
        switch error {
        case .authenticationFailed, .passwordFile: "authentication"
        case .tlsFailed: "TLS"
        case .noDatabase: "database"
        case .unsupportedVersion: "version"
        case .tooManyConnections: "connections"
        case .insufficientPrivilege: "privileges"
        default: "server"
        }
    }
}
