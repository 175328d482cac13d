public import TandemRows

/// Where rows go.
///
/// Nothing is created before the first ``load(_:into:)``; what only asks opens
/// read-only. A copy is loaded beside what is there, and takes its place
/// together with all other tables of the run (``publish(_:retiring:of:)``).
public protocol Destination: Sendable {
    /// Which names of tables and columns are one here.
    var nameFolding: NameFolding { get }

    /// What `sync` has put here, as the destination itself remembers it.
    func tables(of sync: String) async throws -> [CopiedTable]

    /// Which sync each table here was written by, for all that is remembered.
    func owners() async throws -> [TableName: String]

    /// What tells this database from every other, where it can be a source too: ``Source/origin()``.
    func origin() async throws -> String?

    /// Whether it can be opened and written, and what stands in the way.
    func check() async -> [Finding]

    /// What would keep tables from being put under these names, each with its subject: a table, a schema, the whole.
    /// Nothing is written.
    func obstacles(to targets: [TableName]) async throws -> [Finding]

    /// Copies `rows` beside the table that is there, and returns how many rows were written.
    ///
    /// Nothing is visible under the table's own name yet. What an earlier
    /// attempt left for the same target is replaced.
    ///
    /// - Throws: The rows' own error where they could not be read; ``LoadAgain``.
    func load(_ rows: any TableRows, into target: TableName) async throws -> Int

    /// Puts what was loaded in place, all of it in one transaction where the destination has those, with `copies`
    /// remembered in the same one.
    ///
    /// Each gets the columns that ``CopiedTable/ownColumns`` says. One that marks rows keeps those that are marked in
    /// the copy it replaces, and where it has a key those that are not in the new one, marked with its moment.
    ///
    /// - Parameter retired: Tables to drop because a table was renamed at the source and comes under its new name.
    func publish(_ copies: [CopiedTable], retiring retired: [TableName], of sync: String) async throws

    /// Removes what was loaded and not published, but for what is kept to be gone on with (``SectionDestination``).
    func discard() async throws

    /// The rows of a copy as they lie here now, as `schema` types them, without those that ``CopiedTable/ownColumns``
    /// says may be marked and are.
    func rows(of copy: CopiedTable, as schema: TableSchema) async throws -> any TableRows

    /// The sum of the rows that ``rows(of:as:)`` would give, taken where they lie. `nil` where that cannot be done, or
    /// did not succeed: then they are to be read.
    func sum(of copy: CopiedTable, as schema: TableSchema) async throws -> TableSum?

    /// The same of several tables, which costs less than one after the other where they are small.
    func sums(of copies: [(copy: CopiedTable, schema: TableSchema)]) async throws -> [TableSum?]

    /// Forgets what it knows of `sync`, or of some of its tables. The tables themselves stay.
    func forget(_ sync: String, tables: [TableName]?) async throws

    /// Removes everything this program made here but the tables that hold the user's rows, and says what.
    func teardown() async throws -> [String]

    func query(_ sql: String) async throws -> QueryResult

    /// As ``Source/query(_:take:)``.
    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws

    func close() async
}

/// A table as its destination holds it.
public struct CopiedTable: Hashable, Sendable {
    /// Its name at the destination.
    public var target: TableName
    /// Its name and id at the source; its columns with the names and types they have here and the ids they have at the
    /// source.
    public var schema: TableSchema
    public var rows: Int
    public var moment: Moment
    /// The stream that keeps it up to date since (``StreamState/id``); `nil` for a copy that stays as it is.
    public var stream: String?
    /// Columns that the source's table has had and that were not copied: rows may have had values in them
    /// that no change will bring.
    public var leftOut: Set<ColumnID>
    /// What Tandem has added to it.
    public var ownColumns: OwnColumns
    /// The parts (``CatalogTable/parts``) whose rows are in it, with their marks; with none for a part that
    /// only the stream has told of.
    public var parts: [TableID: String]
    /// What its values depended on when it was copied, or when that was looked at last and found to be the same.
    /// `nil` for what earlier versions have copied: it is taken for what it is at the next look.
    public var definition: TableDefinition?
    /// How far it has been read, where that is done by a cursor.
    public var cursor: CursorState?
    /// Rows that it does not hold as their source has them.
    public var issues: [RowIssue]
    /// Whether its rows were read at different moments, of which ``moment`` is the first: a row may be there as it was
    /// later, or not at all, until the stream has passed the last of these moments.
    public var isPatchwork: Bool
    /// Columns that the source has dropped since, and that stay in it (``TargetChanges/Evolution/keepColumn(_:)``).
    public var keptColumns: Set<String>

    public init(
        target: TableName,
        schema: TableSchema,
        rows: Int,
        moment: Moment,
        stream: String? = nil,
        leftOut: Set<ColumnID> = [],
        ownColumns: OwnColumns = [],
        parts: [TableID: String] = [:],
        definition: TableDefinition? = nil,
        cursor: CursorState? = nil,
        issues: [RowIssue] = [],
        isPatchwork: Bool = false,
        keptColumns: Set<String> = []
    ) {
        self.target = target
        self.schema = schema
        self.rows = rows
        self.moment = moment
        self.stream = stream
        self.leftOut = leftOut
        self.ownColumns = ownColumns
        self.parts = parts
        self.definition = definition
        self.cursor = cursor
        self.issues = issues
        self.isPatchwork = isPatchwork
        self.keptColumns = keptColumns
    }

    /// The names of all columns that came with it: what else its table has is the user's.
    public var columnNames: [String] { schema.columns.map(\.name) + ownColumns.names + keptColumns.sorted() }
}

extension Destination {
    public var nameFolding: NameFolding { .exact }
    public func obstacles(to targets: [TableName]) async throws -> [Finding] { [] }
    public func sum(of copy: CopiedTable, as schema: TableSchema) async throws -> TableSum? { nil }
    public func sums(of copies: [(copy: CopiedTable, schema: TableSchema)]) async throws -> [TableSum?] {
        var sums: [TableSum?] = []
        for (copy, schema) in copies { sums.append(try await sum(of: copy, as: schema)) }
        return sums
    }
    public func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        _ = try take(try await query(sql))
    }
}

extension Destination {
    public func origin() async throws -> String? { nil }
}
