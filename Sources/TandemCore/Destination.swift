public import TandemRows

/// Where rows go, whole tables and a stream of changes, exactly once.
///
/// How far a stream has been applied is kept here, and written in the transaction that writes the data. What is whole
/// of a copy that is loaded section by section is kept also where the run is killed.
///
/// Nothing is created before the first ``load(_:into:)``; what only asks opens
/// read-only. A copy is loaded beside what is there, and takes its place
/// together with all other tables of the run (``publish(_:retiring:of:)``).
///
/// Several tasks use it at once: one loads, one writes changes (``begin(_:refusedRows:)``), others ask. One that
/// publishes waits for nobody but the transaction of changes, which is at its end before.
public protocol Destination: Sendable {
    /// Which names of tables and columns are one here.
    var nameFolding: NameFolding { get }

    /// All that is remembered of `sync`, in one look.
    func memory(of sync: String) async throws -> SyncMemory

    /// What `sync` has put here, as the destination itself remembers it.
    func tables(of sync: String) async throws -> [SyncedTable]

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

    /// Puts what was loaded for `copies` in place, all of it in one transaction where the destination has those, with
    /// `copies` remembered in the same one. What was, or is being, loaded for others stays as it is.
    ///
    /// Each gets the columns that ``SyncedTable/metadataColumns`` says. One that marks rows keeps those that are marked
    /// in the copy it replaces, and where it has a key those that are not in the new one, marked with its moment.
    ///
    /// - Parameters:
    ///   - retired: Tables to drop because a table was renamed at the source and comes under its new name.
    ///   - isPatient: Whether somebody who reads what is replaced is waited for as long as he may take; else for a few
    ///     seconds, because other tables stand still meanwhile.
    func publish(
        _ copies: [SyncedTable],
        retiring retired: [TableName],
        of sync: String,
        isPatient: Bool
    ) async throws

    /// Removes what was loaded for `targets` and not published, but for what is kept to be gone on with
    /// (``sectionedLoads(of:)``). What was, or is being, loaded for others stays as it is.
    func discard(_ targets: [TableName]) async throws

    /// Which of `copies` are not here any more as they were put, with what follows "copying the table again, because":
    /// users may have dropped one, taken a column away, or put a table of their own in its place.
    func departed(among copies: [SyncedTable]) async throws -> [TableName: String]

    /// Which of `targets` somebody else has locked, each with what a write that waited for it would fail with. Nothing
    /// is locked by asking. That a table is free by now, or not any more, is for the write to find out.
    func locked(among targets: [TableName], for use: TableUse) async throws -> [TableName: any ExplainedError]

    /// The rows of a copy as they lie here now, as `schema` types them, without those that
    /// ``SyncedTable/metadataColumns`` says may be marked and are.
    func rows(of copy: SyncedTable, as schema: TableSchema) async throws -> any TableRows

    /// The sum of the rows that ``rows(of:as:)`` would give, taken where they lie. `nil` where that cannot be done, or
    /// did not succeed: then they are to be read.
    func sum(of copy: SyncedTable, as schema: TableSchema) async throws -> TableSum?

    /// The same of several tables, which costs less than one after the other where they are small.
    func sums(of copies: [(copy: SyncedTable, schema: TableSchema)]) async throws -> [TableSum?]

    /// Forgets what it knows of `sync`, or of some of its tables. The tables themselves stay.
    func forget(_ sync: String, tables: [TableName]?) async throws

    /// Removes everything this program made here but the tables that hold the user's rows, and says what.
    func teardown() async throws -> [String]

    // MARK: Copies that are loaded section by section

    /// The copies of `sync` that are being loaded so and have a section or more, each with as much as is durable.
    ///
    /// ``Destination/discard(_:)`` and a new run leave them alone. They go with ``drop(_:)``, with another load for the
    /// same target, with its publication, and with whatever has the sync or the table forgotten. What somebody else
    /// loads now is not listed.
    func sectionedLoads(of sync: String) async throws -> [SectionedLoad]

    /// Adds `rows`, which are the next section of `load`, beside the table that is there, and returns once they are
    /// durable together with what is known of the load then (``SectionedLoad/adding(_:rows:)``).
    ///
    /// With the first section it begins anew, and what was loaded for the same target before is dropped.
    ///
    /// - Throws: The rows' own error where they could not be read; ``LoadAgain``, after which it begins anew.
    func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad

    /// Makes what was loaded in sections ready to be published, as ``load(_:into:)`` does. Where several rows have the
    /// same key, because sections are of different moments, one of them stays, whichever. May be repeated.
    ///
    /// - Returns: How many rows there are.
    /// - Throws: ``LoadAgain``.
    func finish(_ load: SectionedLoad) async throws -> Int

    /// Drops what was loaded so for a target.
    func drop(_ load: SectionedLoad) async throws

    // MARK: Changes

    /// Whether nobody else can read here while something is written. It is left to its readers for a while then,
    /// between one transaction and the next.
    var keepsReadersOut: Bool { get }

    /// How far the stream of `sync` that comes by `method` has been applied here; `nil` before its first.
    func stream(of sync: String, by method: Method) async throws -> StreamCheckpoint?

    /// Begins a transaction of changes of `sync`. One that an earlier one has left open is rolled back: there is one at
    /// a time. Loads and questions go on beside it; a publication comes before or after.
    func begin(_ sync: String, refusedRows: RefusedRows) async throws -> any WriteTransaction

    /// Stores what is known of these copies anew, such as ``SyncedTable/stream``, and touches no table.
    func remember(_ copies: [SyncedTable], of sync: String) async throws

    /// What was made at the sources for `sync`, or for all syncs where that is `nil`. ``Destination/forget(_:tables:)``
    /// leaves it: what is there is still this project's.
    func made(of sync: String?) async throws -> [MadeObject]

    /// Stores, durably, that `made` are there or about to be, and that `gone` are this project's no more.
    func note(made: [MadeObject], gone: [MadeObject]) async throws

    /// Gives all that is remembered of `sync` the name `name`, in one transaction: its copies, streams, loads and what
    /// was made for it.
    ///
    /// - Returns: Whether anything was.
    func rename(_ sync: String, to name: String) async throws -> Bool

    // MARK: Questions

    func query(_ sql: String) async throws -> QueryResult

    /// As ``Source/query(_:take:)``.
    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws

    func close() async
}

/// What is to be done with a table that others may have locked.
public enum TableUse: Sendable {
    /// Changes are to be written into it.
    case writing
    /// A copy is to take its place, which who reads it, or has changed rows of it, stands in the way of too. He is
    /// looked at for about a second, because others like him come and go.
    case replacing
}

/// What a destination remembers.
public struct SyncMemory: Sendable {
    /// ``Destination/tables(of:)``.
    public var tables: [SyncedTable]
    /// ``Destination/stream(of:by:)``.
    public var streams: [Method: StreamCheckpoint]
    /// ``Destination/made(of:)``, of all syncs.
    public var made: [MadeObject]
    /// ``Destination/owners()``.
    public var owners: [TableName: String]

    public init(
        tables: [SyncedTable] = [],
        streams: [Method: StreamCheckpoint] = [:],
        made: [MadeObject] = [],
        owners: [TableName: String] = [:]
    ) {
        self.tables = tables
        self.streams = streams
        self.made = made
        self.owners = owners
    }
}

extension Destination {
    public func memory(of sync: String) async throws -> SyncMemory {
        var memory = SyncMemory(
            tables: try await tables(of: sync),
            made: try await made(of: nil),
            owners: try await owners()
        )
        for method in [Method.logBased, .triggerBased] {
            memory.streams[method] = try await stream(of: sync, by: method)
        }
        return memory
    }
    public func publish(_ copies: [SyncedTable], retiring retired: [TableName], of sync: String) async throws {
        try await publish(copies, retiring: retired, of: sync, isPatient: true)
    }
    public var keepsReadersOut: Bool { false }
    public var nameFolding: NameFolding { .exact }
    public func obstacles(to targets: [TableName]) async throws -> [Finding] { [] }
    public func locked(among targets: [TableName], for use: TableUse) async throws -> [TableName: any ExplainedError] {
        [:]
    }
    public func sum(of copy: SyncedTable, as schema: TableSchema) async throws -> TableSum? { nil }
    public func sums(of copies: [(copy: SyncedTable, schema: TableSchema)]) async throws -> [TableSum?] {
        var sums: [TableSum?] = []
        for (copy, schema) in copies { sums.append(try await sum(of: copy, as: schema)) }
        return sums
    }
    public func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        _ = try take(try await query(sql))
    }
    public func origin() async throws -> String? { nil }
}
