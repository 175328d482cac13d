import TandemCore
import TandemRows

/// The temporary tables of a session, by the tables whose changes go through them.
struct StageTables {
    private var known: [TableName: StageTable] = [:]
    /// Made in the transaction that is open, and gone with it if it is undone.
    private var fresh: Set<TableName> = []
    /// BufferingEvent rows of the transaction that is open.
    private var used: Set<TableName> = []
    /// Whether rows without a key have been written or taken away in the transaction that is open.
    var hasCounted = false
    private var made = 0

    /// Above this, they are forgotten and dropped: each has to be emptied at the end of every transaction.
    private static let limit = 64

    /// An empty one for the changes to `copy`.
    ///
    /// - Throws: ``TableMismatch``; ``PostgresError``.
    mutating func stage(for copy: SyncedTable, in session: Session) throws -> StageTable {
        let name = copy.target
        if let stage = known[name], stage.target.schema == copy.schema, stage.metadataColumns == copy.metadataColumns {
            if used.contains(name) { try session.execute("TRUNCATE \(stage.name)") }
            used.insert(name)
            return stage
        }
        try forget(name, in: session)
        if known.count >= Self.limit {
            for name in known.keys.filter({ !used.contains($0) }) { try forget(name, in: session) }
        }
        let target = try TargetShape.table(for: copy, in: session)
        made += 1
        let stage = StageTable(
            target: target,
            name: "pg_temp.\(SQL.identifier("_tandem_stage_\(made)"))",
            metadataColumns: copy.metadataColumns
        )
        try session.execute(stage.creation(isDropped: session.capabilities.isPooled))
        known[name] = stage
        fresh.insert(name)
        used.insert(name)
        return stage
    }

    /// Drops the one of a table whose shape or name has changed.
    mutating func forget(_ name: TableName, in session: Session) throws {
        guard let stage = known.removeValue(forKey: name) else { return }
        fresh.remove(name)
        used.remove(name)
        try session.execute("DROP TABLE IF EXISTS \(stage.name)")
    }

    /// Their tables may be others now.
    mutating func forget() { known = [:] }

    /// - Parameter keeping: Whether they outlive the transaction.
    mutating func commit(keeping: Bool) {
        if !keeping { known = [:] }
        (fresh, used, hasCounted) = ([], [], false)
    }

    mutating func rollback() {
        // What was dropped in it is there again, and nobody's: its number is not given twice.
        for name in fresh { known[name] = nil }
        (fresh, used, hasCounted) = ([], [], false)
    }
}
