import TandemCore
import TandemRows

/// Reads a row of each view: what its functions do shows in no catalog.
struct ViewReview {
    let session: Session

    /// A view that takes longer than this for a row, and all of them than that, says nothing.
    private static let patience = "'2s'"
    private static let limit = Duration.seconds(10)

    func findings(for wanted: [TableName], among tables: [PostgresTable]) throws -> [Finding] {
        let end = ContinuousClock.now + Self.limit
        let names = Set(wanted)
        var findings: [Finding] = []
        for view in tables where view.kind == .view && names.contains(view.name) {
            guard ContinuousClock.now < end else { break }
            guard case .usable = view.methods[.fullTable] else { continue }
            do { try read(view) } catch let error as PostgresError where error.isConfined && session.isOpen {
                guard error.sqlState != "57014" else { continue }
                let reason = "Reading it fails: \(error.sentence)"
                findings.append(Finding(.error, view.name.description, reason, remedy: error.remedy))
            }
        }
        return findings
    }

    /// As a copy does.
    private func read(_ view: PostgresTable) throws {
        let columns = view.columns.map { SQL.identifier($0.name) }.joined(separator: ", ")
        try session.transaction {
            let policies = session.capabilities.hasRowSecurity ? "SET LOCAL row_security = on; " : ""
            try session.execute(
                "\(policies)SET LOCAL search_path TO DEFAULT; SET LOCAL statement_timeout = \(Self.patience)"
            )
            _ = try session.query("SELECT \(columns) FROM \(SQL.name(view.name)) LIMIT 1")
        }
    }
}
