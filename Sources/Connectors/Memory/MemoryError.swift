package import TandemCore
package import TandemRows

package enum MemoryError: ExplainedError {
    case noTable(TableName)
    case noColumn(String, TableName)
    case notLoaded(TableName)
    case noSQL
    case noLog(String)
    /// Which changes are missing.
    case lostLog(String)
    /// A transaction that cannot be committed any more.
    case closed

    package var description: String {
        switch self {
        case .noTable(let name): "There is no table \(name) in memory."
        case .noColumn(let column, let table): "Table \(table) has no column \(column) of the type asked for."
        case .notLoaded(let name): "Table \(name) was to be published before it was loaded."
        case .noSQL: "Tables in memory understand no SQL."
        case .noLog(let name): "The database \(name) keeps no log."
        case .lostLog(let reason): reason
        case .closed: "The transaction was shut out by a later one."
        }
    }

    package var remedy: Remedy? { nil }
    package var isTransient: Bool { false }
}
