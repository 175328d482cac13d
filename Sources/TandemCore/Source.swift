public import TandemRows

/// Where rows come from.
public protocol Source: Sendable {
    /// Every table there is, whether it can be read or not.
    func catalog() async throws -> Catalog

    /// Whether everything is ready to read `tables`; each finding with its remedy. Reaching the server is part of the
    /// question, so an unreachable one is a finding and not an error.
    func check(_ tables: [TableName]) async -> [Finding]

    /// The same, where the changes of some of `tables` are to be followed.
    ///
    /// - Parameters:
    ///   - following: Those, by the sync that follows them.
    ///   - leaving: Other tables that syncs select, and that cannot be copied as they are.
    func check(
        _ tables: [TableName],
        following: [String: [TableName]],
        leaving: [TableName]
    ) async -> [Finding]

    /// What an administrator runs so that this connection's user may read `schemas`.
    func setup(_ request: SetupRequest) async throws -> SetupScript

    /// Fixes one moment of the database, to be read by up to `readers` threads, or by as many as the connection's own
    /// settings say.
    func snapshot(readers: Int) async throws -> any Snapshot

    /// How far the source has come by now, to be compared with a snapshot's checkpoint.
    func position() async throws -> Checkpoint

    /// What tells this database from every other, as ``Moment/origin`` does; `nil` where nobody writes into it.
    func origin() async throws -> String?

    func query(_ sql: String) async throws -> QueryResult

    /// Runs one statement that only reads, and hands its rows over as they come, so that memory does not grow with
    /// their number.
    ///
    /// - Parameter take: Gets the answer in parts, all with columns and types, the first also where there are no rows.
    ///   It may block, and returns whether it wants more.
    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws

    func close() async
}

extension Source {
    public func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        _ = try take(try await query(sql))
    }
}

extension Source {
    public func origin() async throws -> String? { nil }

    public func check(
        _ tables: [TableName],
        following: [String: [TableName]],
        leaving: [TableName]
    ) async -> [Finding] {
        await check(tables)
    }
}

/// A database as of one moment, until it is closed.
public protocol Snapshot: Sendable {
    var moment: Moment { get }
    /// How many threads may read at once; fewer than wanted where the server allows no more.
    var readers: Int { get }
    /// What the user should know about how it is read, such as why there is one reader only.
    var notes: [String] { get }

    /// The rows of `table`. A column whose type is ``ColumnType/text`` is read as text whatever it is at the source.
    func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows

    /// The rows of ``rows(of:as:unfit:)`` that have one of `keys` in the columns of ``TableSchema/identity``. Others
    /// may come with them.
    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        under keys: [RowKey]
    ) async throws -> any TableRows

    /// Stretches that all rows of ``rows(of:as:unfit:)`` lie in, to be read one after another. None where the table is
    /// better read as a whole, or cannot be read otherwise.
    ///
    /// - Parameter earlier: What another snapshot gave. It is given again where it still is all of the table: nothing
    ///   was stored anew, came or went since otherwise than by changes.
    func sections(
        of table: CatalogTable,
        as schema: TableSchema,
        continuing earlier: [TableSection]
    ) async throws -> [TableSection]

    /// The rows of ``rows(of:as:unfit:)`` that lie in `section`, which this snapshot gave.
    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in section: TableSection
    ) async throws -> any TableRows

    /// The sum of the rows that ``rows(of:as:unfit:)`` would give, taken where they lie. `nil` where that cannot be
    /// done, or did not succeed: then they are to be read.
    func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum?

    /// What `table` consists of at this moment: more than `table` names where it grew since the catalog was read.
    /// `nil` for a source whose tables stay as they are.
    func extent(of table: CatalogTable) async throws -> TableExtent?

    /// Returns once no crash of the source can undo what this moment shows: a stream that goes on from here would
    /// never say so.
    func awaitDurability() async throws

    func close() async
}

extension Snapshot {
    public func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        under keys: [RowKey]
    ) async throws -> any TableRows {
        try await rows(of: table, as: schema, unfit: unfit)
    }
    public func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum? { nil }
    public func extent(of table: CatalogTable) async throws -> TableExtent? { nil }
    public func awaitDurability() async throws {}
}

/// When a snapshot was taken, and of what.
public struct Moment: Hashable, Sendable, Codable {
    /// Changes after this complete the copy.
    public var checkpoint: Checkpoint
    /// Tells this database from every other, restored copies included as far as the server can.
    public var origin: String
    /// By the source's clock, seconds since 1970.
    public var time: Double
    /// A place in the source's log: whatever this moment shows was committed before it. `nil` where there is no log.
    public var position: Checkpoint?

    public init(checkpoint: Checkpoint, origin: String, time: Double, position: Checkpoint? = nil) {
        self.checkpoint = checkpoint
        self.origin = origin
        self.time = time
        self.position = position
    }
}

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
    public var refusals: [Refusal] = []

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
public struct Refusal: Hashable, Sendable, Codable {
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
