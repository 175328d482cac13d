/// How the plugin `wal2json` is asked.
enum Wal2JSON {
    enum Format: Sendable {
        /// One object for each change: format 2, since wal2json 2.0.
        case changes
        /// One object for each transaction, sent change by change: format 1.
        case chunks
    }

    /// Options of the plugin, by name, and what it answers then.
    struct Options: Sendable {
        let format: Format
        let options: [(name: String, value: String)]
    }

    /// From the newest plugin to the oldest. The server refuses a slot's start where an option is unknown to the plugin
    /// (SQLSTATE 22023); then the next may do.
    ///
    /// Types come by name with their modifiers, which tells of every change that rewrites a table. Numbers as strings
    /// are the only way to tell NaN and infinities from null.
    static let options: [Options] = [
        Options(format: .changes, options: changes + [(numbersAsText, "1")]),
        Options(format: .changes, options: changes),
        Options(format: .changes, options: changes.filter { $0.name != "include-column-positions" }),
        Options(format: .chunks, options: chunks + [("include-column-positions", "1")]),
        Options(format: .chunks, options: chunks),
    ]

    /// Numbers as strings, from 2.6 on.
    static let numbersAsText = "numeric-data-types-as-string"

    private static let common = [
        ("include-xids", "1"), ("include-timestamp", "1"), ("include-lsn", "1"),
    ].map { (name: $0.0, value: $0.1) }

    private static let chunks = common + [(name: "write-in-chunks", value: "1")]
    private static let changes =
        [(name: "format-version", value: "2")] + common + [(name: "include-column-positions", value: "1")]
}
