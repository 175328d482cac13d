import TandemCore
package import TandemRows

/// What can go wrong with a warehouse file.
package enum DuckDBError: ExplainedError, Hashable {
    // The file
    case missing(path: String)
    case noFolder(path: String)
    case isFolder(path: String)
    case isDevice(path: String)
    case unwritable(path: String)
    case unreadable(path: String)
    /// `holder` is the program and its process number, as far as they are known.
    case locked(path: String, holder: String, seconds: Int)
    case notADatabase(path: String)
    case newerFile(path: String, library: String, reason: String)
    case newerMetadata(path: String, version: Int)
    case olderMetadata(path: String, version: Int)
    case damagedLog(path: String, reason: String)
    case damaged(path: String, reason: String)
    case diskFull(path: String, free: Int?)
    case outOfMemory(path: String, limit: String, reason: String)
    // What is in it
    case viewInTheWay(TableName)
    case foreignTable(TableName)
    /// A user has added a column to the copy, and now the source has one of that name.
    case userColumn(TableName, column: String)
    /// A copy that is to go has a column that a user has added.
    case userColumnGoes(TableName, column: String)
    case sameTarget(TableName, TableName)
    case notLoaded(TableName)
    case noTable(TableName)
    case noColumns(TableName, names: [String])
    /// Types by DuckDB's names.
    case otherType(TableName, column: String, has: String, expected: String)
    // What was asked
    case malformedBatch(column: String, reason: String)
    case miscounted(TableName, sent: Int, stored: Int)
    case notReadOnly
    case outsideTheFile
    case severalStatements(count: Int)
    /// DuckDB's own words. `action` completes "DuckDB could not …".
    case failed(action: String, reason: String)
}

extension DuckDBError {
    package var description: String {
        switch self {
        case .missing(let path): "There is no warehouse at \(path) yet."
        case .noFolder(let path): "The folder of \(path) does not exist."
        case .isFolder(let path): "\(path) is a folder, not a DuckDB file."
        case .isDevice(let path): "\(path) is a device, a pipe or a socket, not a DuckDB file."
        case .unwritable(let path): "\(path) cannot be written by this user."
        case .unreadable(let path): "\(path) cannot be read by this user."
        case .locked(let path, let holder, let seconds):
            "\(path) is in use by \(holder), and was not free within \(seconds) s."
        case .notADatabase(let path): "\(path) is not a DuckDB file; it was left as it is."
        case .newerFile(let path, let library, let reason):
            "\(path) was written by a newer DuckDB than \(library), which is in use here: \(reason)"
        case .newerMetadata(let path, let version):
            "\(path) was written by a newer Tandem (its schema tandem has version \(version))."
        case .olderMetadata(let path, let version):
            "\(path) was written by a Tandem that is too old for this one to go on (its schema tandem has version \(version))."
        case .damagedLog(let path, let reason): "The write-ahead log \(path).wal is damaged: \(reason)"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
        case .diskFull(let path, let free):
            "The disk of \(path) is full\(free.map { " (\($0 >> 20) MiB free)" } ?? ""); "
                + "the tables there stay as they were."
        case .outOfMemory(let path, let limit, let reason):
            "\(limit) of memory are not enough to write to \(path): \(reason)"
        case .viewInTheWay(let name): "There is a view \(name), where a table of that name is to go."
        case .foreignTable(let name): "There is a table \(name) that Tandem did not make; it was left as it is."
        case .userColumn(let name, let column):
            "Table \(name) has a column \(column) that was added to it in the warehouse, and now its source has one of that name; it was left as it is."
        case .userColumnGoes(let name, let column):
            "Table \(name) has a column \(column) that was added to it in the warehouse, and would go with it; it was left as it is."
        case .sameTarget(let a, let b): "\(a) and \(b) are one name to DuckDB, which ignores case."
        case .notLoaded(let name): "Table \(name) was to be published before it was loaded."
        case .noTable(let name): "There is no table \(name) in the warehouse."
        case .noColumns(let table, let names):
            "Table \(table) no longer has \(names.count == 1 ? "column" : "columns") \(names.joined(separator: ", "))."
        case .otherType(let table, let column, let has, let expected):
            "Column \(column) of table \(table) has become \(has); it was copied as \(expected)."
        case .malformedBatch(let column, let reason): "The rows sent for column \(column) are malformed: \(reason)."
        case .miscounted(let table, let sent, let stored):
            "\(sent) rows were sent to table \(table), but DuckDB counts \(stored)."
        case .notReadOnly: "Only statements that read are run here."
        case .outsideTheFile: "A query sees what is in the warehouse, not other files or the network."
        case .severalStatements(let count): "There are \(count) statements where one is expected."
        case .failed(let action, let reason): "DuckDB could not \(action): \(reason)"
        }
    }

    package var isTransient: Bool { false }
    package var isBusy: Bool {
        switch self {
        case .locked, .diskFull: true
        default: false
        }
    }
}
