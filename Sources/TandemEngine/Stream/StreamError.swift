package import TandemCore

/// Why a source cannot be followed, or a table of it.
package enum StreamError: ExplainedError {
    case gap(sync: String, reason: String, policy: GapPolicy)
    case noStream(connection: String)
    case noCursor(sync: String)
    case noLogSnapshot(connection: String)
    /// A table cannot be copied as long as something lasts at the source.
    case left(LeftTable)
    /// The source has become such that nothing of the sync can be done, while it is followed.
    case standstill(PlanProblems)

    package var description: String {
        switch self {
        case .gap(let sync, let reason, _): "Sync \"\(sync)\" cannot go on where it was: \(reason)"
        case .noStream(let connection):
            "The changes of \"\(connection)\" cannot be followed by this kind of connection."
        case .noCursor(let sync): "The source of sync \"\(sync)\" cannot be read by a cursor."
        case .noLogSnapshot(let connection):
            "The server of \"\(connection)\" cannot show its rows as of a place in its log."
        case .left(let table): table.reason
        case .standstill(let problems): problems.description
        }
    }

    package var remedy: Remedy? {
        switch self {
        case .gap(let sync, _, .resnapshot): Remedy("Run \(ProgramCommand("run", sync)): it copies the tables again.")
        case .gap: Remedy("Set `on_gap: resnapshot`, or run `tandem reset` for the sync: its tables are copied again.")
        case .noLogSnapshot:
            Remedy("Postgres 10 and up can, but no standby. Let `tandem reset --table` have the table copied again.")
        case .noStream, .noCursor: Remedy("Write `method: FULL_TABLE` for its tables.")
        case .left(let table): table.remedy
        case .standstill(let problems): problems.remedy
        }
    }

    package var isTransient: Bool { if case .standstill = self { true } else { false } }
}
