import Synchronization

/// A database's own words that may hold values of rows, and so are neither shown nor kept.
///
/// Where a connector puts something in their place it hands them over here. They go nowhere, unless the user has asked
/// to see them: then to that user at once, and still into no error, record or file.
public enum WithheldWords {
    private static let sink = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Has them told to `tell` from now on.
    public static func reveal(_ tell: @escaping @Sendable (String) -> Void) { sink.withLock { $0 = tell } }

    /// - Returns: `substitute`, with a word about what it stands for.
    public static func withhold(_ words: String, for substitute: String) -> String {
        sink.withLock { $0 }?(words)
        return "\(substitute) (its own words may hold values of rows: --show-values shows them)"
    }
}
