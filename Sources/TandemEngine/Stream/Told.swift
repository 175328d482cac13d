import Synchronization
import TandemCore
import TandemRows

/// What a run has told already, which it tells once.
final class Told: Sendable {
    private struct State {
        var failures: [TableName: String] = [:]
        var issues: [TableName: [RowIssue]] = [:]
        var columns: [TableID: [ColumnID: String]] = [:]
    }

    private let state = Mutex(State())

    /// Whether that is not known of `table` yet. Notes that it is now.
    func isNews(_ failure: TableFailure, of table: TableName) -> Bool {
        state.withLock { $0.failures.updateValue(failure.message, forKey: table) != failure.message }
    }

    /// Whether a copy has other rows that were left out than those that were told last. Notes that they are told now.
    func isNews(_ issues: [RowIssue], of target: TableName) -> Bool {
        state.withLock { $0.issues.updateValue(issues, forKey: target) != issues }
    }

    /// Whether tables are to get other columns, by number, than they were to when a stream was last read to an end.
    func isNews(_ columns: [TableID: [ColumnID: String]]) -> Bool {
        state.withLock { state in columns.contains { state.columns[$0.key] != $0.value } }
    }

    /// Notes that tables have got these columns, as far as the source tells of them.
    func note(_ columns: [TableID: [ColumnID: String]]) { state.withLock { $0.columns.merge(columns) { $1 } } }
}
