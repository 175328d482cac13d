public import TandemRows

/// The rows of one table, pulled by the destination's own threads.
public protocol TableRows: Sendable {
    /// What each batch holds, column by column.
    var schema: TableSchema { get }
    /// How many threads may pull at once.
    var readers: Int { get }

    /// A reader for one thread. Every row comes from exactly one of them. At most `readers` are made.
    func makeReader() throws -> any RowReader

    /// Makes every reader throw `CancellationError` soon, also one that waits for the network. Any thread may call it.
    func cancel()

    /// What has been read so far. Complete once every reader has returned `nil`.
    var tally: ReadTally { get }
}

/// One thread's share of a table. Blocks while it waits.
public protocol RowReader: AnyObject {
    /// The next rows, never none, or `nil` after the last.
    ///
    /// - Throws: ``UnfitValues`` under ``UnfitPolicy/text``, and under any policy for columns of the identity;
    ///   `CancellationError`; the connector's own error.
    func next() throws -> RowBatch?
}

/// What became of the rows that were read.
public struct ReadTally: Hashable, Sendable, Codable {
    public var rows = 0
    public var bytes = 0
    /// Values put in the place of unfit ones, by column index (``UnfitPolicy/clamp``).
    public var clamped: [Int: Int] = [:]
    /// Rows left out (``UnfitPolicy/issue``), all counted.
    public var refused = 0
    /// The first of them, at most ``refusalLimit``.
    public var refusals: [RejectedValue] = []

    public static let refusalLimit = RowIssue.limit

    public init() {}

    /// Adds what became of other rows of the same table.
    public mutating func add(_ other: ReadTally) {
        rows += other.rows
        bytes += other.bytes
        clamped.merge(other.clamped, uniquingKeysWith: +)
        refused += other.refused
        refusals += other.refusals.prefix(Self.refusalLimit - refusals.count)
    }
}

/// A row that was left out, and why. Never what it holds, but for its key.
public struct RejectedValue: Hashable, Sendable, Codable {
    public var key: String
    /// `nil` where nothing tells the row from others, or its key is what does not fit.
    public var rowKey: RowKey?
    public var column: String
    public var cause: String

    public init(key: String, rowKey: RowKey? = nil, column: String, cause: String) {
        self.key = key
        self.rowKey = rowKey
        self.column = column
        self.cause = cause
    }
}
