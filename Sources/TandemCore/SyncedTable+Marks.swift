extension SyncedTable {
    /// What is to be said where values of rows that are marked as deleted cannot be had in the new types.
    ///
    /// - Parameter columns: With the number of such values in each.
    package func lostMarks(_ columns: [String]) -> String {
        "\(target): values of rows that are marked as deleted do not fit the types that their columns have by now, and are "
            + "NULL: \(columns.joined(separator: ", ")). A row whose key does not fit is left out."
    }
}
