import TandemCore
import TandemRows

/// What the catalog says of one table, for the current user.
struct TableFacts: Sendable {
    /// Which of the rows row-level security shows the current user.
    enum RowVisibility: String, Sendable {
        case all
        /// Every one, by a policy.
        case open
        /// Those that a policy made for one of this user's roles shows.
        case chosen
        /// Others than those are, or may be, hidden.
        case hidden
    }

    /// How the rows of updates and deletes are told apart in the log.
    enum ReplicaIdentity: String, Sendable {
        case key = "d"
        case index = "i"
        case full = "f"
        case nothing = "n"
    }

    var oid: UInt32
    var name: TableName
    /// Dropped since the moment that is looked at: functions of the catalog look at the present.
    var isGone = false
    var kind: CatalogTable.Kind
    var isUnlogged = false
    /// False for a materialized view that was never refreshed.
    var isPopulated = true
    var estimatedRows: Int?
    var bytes: Int?
    var replicaIdentity = ReplicaIdentity.key
    var mayUseSchema = true
    var maySelect = true
    var mayTrigger = true
    var mayWrite = false
    var isOwner = true
    var owner: String
    var `extension`: String?
    var rows = RowVisibility.all
    var hasChildren = false
    var isChild = false
    /// Its rows lie in the chunks of TimescaleDB.
    var isHypertable = false
    var foreignServer: String?
    /// One of its partitions that is unlogged, without its schema, and one that is a foreign table.
    var unloggedPart: String?
    var foreignPart: String?
}

extension TableFacts {
    /// From a row of ``CatalogQueries/tables``.
    init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        oid = try row.number()
        name = TableName(schema: try row.text(), table: try row.text())
        let kinds: [String: CatalogTable.Kind] = [
            "r": .table, "p": .partitionedTable, "v": .view, "m": .materializedView, "f": .foreignTable,
        ]
        kind = kinds[try row.text()] ?? .table
        isUnlogged = try row.text() == "u"
        isPopulated = try row.flag()
        estimatedRows = try row.optionalNumber()
        bytes = try row.optionalNumber()
        replicaIdentity = ReplicaIdentity(rawValue: try row.text()) ?? .nothing
        mayUseSchema = try row.flag()
        let select = try row.optionalFlag()
        (maySelect, isGone) = (select ?? false, select == nil)
        mayTrigger = try row.flag()
        mayWrite = try row.flag()
        isOwner = try row.flag()
        owner = try row.text()
        `extension` = try row.optional()
        rows = RowVisibility(rawValue: try row.text()) ?? .hidden
        hasChildren = try row.flag() && kind != .partitionedTable
        isChild = try row.flag()
        foreignServer = try row.optional()
        unloggedPart = try row.optional()
        foreignPart = try row.optional()
    }
}
