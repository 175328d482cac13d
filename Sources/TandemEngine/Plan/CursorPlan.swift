package import TandemCore
package import TandemRows

/// How a table is read by a cursor.
package struct CursorPlan: Sendable {
    /// Under the source's names, the one that counts most first.
    package var columns: [ColumnSchema]
    package var lookback: Lookback?
    /// Every how many reads keys are compared to find rows that were deleted; `nil` for never.
    package var compareEvery: Int?
    /// The copy that is brought up to date. `nil` where the table is copied whole.
    package var copy: SyncedTable?

    /// Of ``columns``.
    var ids: [ColumnID] { columns.map(\.id) }
}
