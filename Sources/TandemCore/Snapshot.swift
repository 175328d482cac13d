public import TandemRows

/// A database as of one moment, until it is closed. Where there is one reader only, it may be gone with one that failed
/// or was cancelled; then it says so.
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

    /// The sum of the rows that ``rows(of:as:unfit:)`` would give, taken where they lie. `nil` where that cannot be
    /// done, or did not succeed: then they are to be read.
    func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum?

    /// What `table` consists of at this moment: more than `table` names where it grew since the catalog was read.
    /// `nil` for a source whose tables stay as they are.
    func extent(of table: CatalogTable) async throws -> TableExtent?

    /// Returns once no crash of the source can undo what this moment shows: a stream that goes on from here would
    /// never say so.
    func awaitDurability() async throws

    /// The same snapshot, where tables can be read from it section by section. `nil` where they cannot.
    var resumable: (any ResumableSnapshot)? { get }

    func close() async
}

/// A snapshot whose tables can be read section by section, so that a copy that was cut off goes on where it was.
public protocol ResumableSnapshot: Snapshot {
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
