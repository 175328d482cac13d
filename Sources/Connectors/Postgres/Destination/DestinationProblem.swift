import TandemCore
package import TandemRows

/// Why a Postgres database cannot take what was to be written to it.
package enum DestinationProblem: Hashable, Sendable {
    // The server
    case oldServer(version: String)
    case standby
    case newerMetadata(version: Int)
    case olderMetadata(version: Int)
    /// Something of a user's has the name of one of this program's own tables.
    case strangeMetadata(TableName)
    // What is there
    case foreignTable(TableName)
    /// `kind` with its article: `a view`.
    case inTheWay(TableName, kind: String)
    case otherSync(TableName, sync: String)
    /// A user has added a column to the copy, and now the source has one of that name.
    case userColumn(TableName, column: String)
    case noTable(TableName)
    case noColumn(TableName, column: String)
    /// Something that users attached to a copy keeps it from becoming what its source is. `reason` is the server's.
    case held(TableName, by: [String], reason: String)
    /// Rows that its users' constraints and triggers refuse.
    case tooManyIssues(TableName, limit: Int, cause: String)
    // What was to be written
    case nameTooLong(String, limit: Int)
    case nestedList(TableName, column: String)
    case unwritable(TableName, column: String, reason: String)
    case keyRefused(TableName, columns: [String], reason: String)
    case notLoaded(TableName)
    case miscounted(TableName, sent: Int, stored: Int)
}

extension DestinationProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .oldServer(let version):
            "it runs Postgres \(version); \(DestinationServer.oldestText) is the oldest that is written to"
        case .standby: "it is a standby, which takes no writes"
        case .newerMetadata(let version): "its schema tandem was written by a newer Tandem (it has version \(version))"
        case .olderMetadata(let version):
            "its schema tandem was written by a Tandem that is too old for this one to go on (it has version \(version))"
        case .strangeMetadata(let name):
            "\(name) is none of Tandem's, which keeps what it knows of its copies under that name"
        case .foreignTable(let name): "there is a table \(name) that Tandem did not make; it was left as it is"
        case .inTheWay(let name, let kind): "there is \(kind) \(name), where a table of that name is to go"
        case .otherSync(let name, let sync): "table \(name) belongs to sync \"\(sync)\""
        case .userColumn(let name, let column):
            "table \(name) has a column \"\(column)\" that was added to it there, and now its source has one of that name; it was left as it is"
        case .noTable(let name): "there is no table \(name)"
        case .noColumn(let name, let column): "table \(name) no longer has column \"\(column)\""
        case .held(let name, let holders, let reason):
            "table \(name) cannot follow its source because of \(holders.joined(separator: ", ")): \(reason)"
        case .tooManyIssues(let name, let limit, let cause):
            "more than \(limit) rows of table \(name) are refused, the last of them because \(cause)"
        case .nameTooLong(let name, let limit): "the name \"\(name)\" is longer than the \(limit) bytes it takes"
        case .nestedList(let name, let column):
            "column \"\(column)\" of \(name) holds lists of lists, which are no type in Postgres"
        case .unwritable(let name, let column, let reason): "column \"\(column)\" of \(name) \(reason)"
        case .keyRefused(let name, let columns, let reason):
            "\(name) cannot have the key (\(columns.joined(separator: ", "))) of its source: \(reason)"
        case .notLoaded(let name): "table \(name) was to be published, but what was loaded for it is not there"
        case .miscounted(let name, let sent, let stored):
            "\(sent) rows were sent to table \(name), but \(stored) were stored"
        }
    }

    var remedy: Remedy {
        switch self {
        case .oldServer: Remedy("Write to a newer server.")
        case .standby: Remedy("Name the primary, or set target_session_attrs: read-write.")
        case .newerMetadata: Remedy("Update Tandem.")
        case .olderMetadata: Remedy("Run `tandem teardown` for the sync: then everything is copied anew.")
        case .strangeMetadata(let name): Remedy("Give \(name) another name, or move it to another schema.")
        case .foreignTable(let name):
            Remedy(
                "Rename that table, or choose another schema with `into`. A copy that was given another comment before it was restored from a dump is known again by: COMMENT ON TABLE \(SQL.name(name)) IS '\(Metadata.mark)'",
                sql: [
                    "ALTER TABLE \(SQL.name(name)) RENAME TO \(SQL.identifier(SQL.shortened("", name.table, "_own")))"
                ]
            )
        case .inTheWay: Remedy("Drop or rename it, or choose another schema with `into`.")
        case .otherSync(_, let sync):
            Remedy(
                "If that is what this sync was called, run \(ProgramCommand("rename", sync)) with its new name; else choose another `into` or `target`, or let \(ProgramCommand("reset", sync)) forget its tables."
            )
        case .userColumn(let name, let column):
            Remedy(
                "Give the added column another name, or leave the source's out with `columns`.",
                sql: [
                    "ALTER TABLE \(SQL.name(name)) RENAME COLUMN \(SQL.identifier(column)) TO "
                        + SQL.identifier(SQL.shortened("", column, "_own"))
                ]
            )
        case .noTable, .noColumn: Remedy("Copy it again: `tandem reset`, then `tandem run`.")
        case .held: Remedy("Drop what is named there, run again, and make it anew.")
        case .tooManyIssues:
            Remedy(
                "Drop or change the constraint or trigger there that refuses them, then run again. `tandem issues` lists those that were left out before."
            )
        case .nameTooLong: Remedy("Give the table another `target`, or leave the column out with `columns`.")
        case .nestedList(_, let column), .unwritable(_, let column, _):
            Remedy("Leave the column out: `columns: [\"!\(column)\"]`.")
        case .keyRefused: Remedy("Look for rows at the source that break its own key.")
        case .notLoaded: Remedy("Run again, and not twice at the same time.")
        case .miscounted: Remedy("Please report this, with the tables' definition.")
        }
    }
}

/// What a server must be to be written to.
enum DestinationServer {
    static let oldestVersion = 100_000
    static let oldestText = "10"

    /// - Throws: ``PostgresError/destination(_:_:)``.
    static func check(_ session: Session) throws {
        let capabilities = session.capabilities
        guard capabilities.version >= oldestVersion else {
            throw PostgresError.destination(session.endpoint, .oldServer(version: capabilities.versionText))
        }
        guard !capabilities.isInRecovery else { throw PostgresError.destination(session.endpoint, .standby) }
    }
}
