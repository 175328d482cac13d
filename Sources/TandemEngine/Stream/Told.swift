import TandemCore
import TandemRows

/// What a run has told already, which it tells once.
struct Told {
    private var failures: [TableName: String] = [:]
    private var issues: [TableName: [RowIssue]] = [:]
    private var columns: [TableID: [ColumnID: String]] = [:]

    /// Whether that is not known of `table` yet. Notes that it is now.
    mutating func isNews(_ failure: TableFailure, of table: TableName) -> Bool {
        failures.updateValue(failure.message, forKey: table) != failure.message
    }

    /// Whether a copy has other rows that were left out than those that were told last. Notes that they are told now.
    mutating func isNews(_ issues: [RowIssue], of target: TableName) -> Bool {
        self.issues.updateValue(issues, forKey: target) != issues
    }

    /// Whether tables are to get other columns, by number, than the last time. Notes that they have been.
    mutating func isNews(_ columns: [TableID: [ColumnID: String]]) -> Bool {
        defer { self.columns = columns }
        return !columns.isEmpty && self.columns != columns
    }
}
