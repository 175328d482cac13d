import TandemCore

/// A table whose copy cannot be brought up to date, and that is to be copied again.
struct Recopy: Error {
    var table: TablePlan
    /// What comes after "copying the table again, because".
    var reason: String
}
