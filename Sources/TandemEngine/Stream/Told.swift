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

    /// Whether tables are to get other columns, by number, than they were to when a stream was last read to an end.
    func isNews(_ columns: [TableID: [ColumnID: String]]) -> Bool { !columns.isEmpty && self.columns != columns }

    /// Notes that tables have got these columns, as far as the source tells of them.
    mutating func note(_ columns: [TableID: [ColumnID: String]]) { self.columns = columns }
}
