import TandemCore
import TandemRows

/// Gives tables that have to stay the columns and rows of what was loaded beside them.
///
/// Those with a key are changed row by row, so that foreign keys that point
/// at them hold and readers go on reading; others are emptied and filled.
struct Refills {
    let loads: [StagingTable]
    let relations: Relations
    let attachments: Attachments
    /// What was copied to each target before.
    let earlier: [TableName: SyncedTable]

    /// - Returns: Of which rows the tables are not what was loaded, because of what users have made at them.
    func run(in session: Session) throws -> [TableName: [RowIssue]] {
        guard !loads.isEmpty else { return [:] }
        let oids = loads.compactMap { relations[$0.table.target]?.oid }
        let order = try ForeignKeyOrder(of: oids, in: session)
        let refills = try loads.map { load in
            let shape = try PostgresError.about(load.table.target) {
                try Reshaping(load, earlier: earlier[load.table.target], in: session)
            }
            return (load: load, oid: relations[load.table.target]?.oid ?? 0, shape: shape)
        }
        let parentsFirst = refills.sorted { order.rank($0.oid) < order.rank($1.oid) }
        for refill in parentsFirst.reversed() {
            try held(refill.load, refill.oid, in: session) {
                if !refill.shape.canMerge { try session.execute("TRUNCATE ONLY \(SQL.name(refill.load.table.target))") }
                for statement in refill.shape.statements { try session.execute(statement) }
            }
        }
        // Foreign keys that may wait until the end do.
        try session.execute("SET CONSTRAINTS ALL DEFERRED")
        for refill in parentsFirst.reversed() where refill.shape.canMerge {
            try held(refill.load, refill.oid, in: session) { try session.execute(Self.delete(refill.load)) }
        }
        for refill in parentsFirst {
            try held(refill.load, refill.oid, in: session) {
                try session.execute(refill.shape.canMerge ? Self.upsert(refill.load) : Self.insert(refill.load))
                for statement in refill.shape.afterwards { try session.execute(statement) }
            }
        }
        var issues: [TableName: [RowIssue]] = [:]
        for refill in refills { issues[refill.load.table.target] = try altered(refill.load, refill.oid, in: session) }
        try session.execute("DROP TABLE \(loads.map(\.quoted).joined(separator: ", "))")
        return issues
    }

    private func held(_ load: StagingTable, _ oid: UInt32, in session: Session, _ body: () throws -> Void) throws {
        do { try body() } catch let error as PostgresError {
            // Objects that depend on a column, or rows that break a constraint.
            let target = load.table.target
            guard let state = error.sqlState, state.hasPrefix("23") || ["2BP01", "0A000", "42P16"].contains(state)
            else {
                throw error.isConfined ? TargetError(target, error) : error
            }
            let problem = DestinationProblem.held(target, by: attachments.of(oid), reason: error.serverMessage ?? "")
            throw TargetError(target, PostgresError.destination(session.endpoint, problem))
        }
    }

    private static func insert(_ load: StagingTable) -> String {
        let columns = load.table.columnList
        guard !columns.isEmpty else { return "INSERT INTO \(SQL.name(load.table.target)) SELECT FROM \(load.quoted)" }
        return "INSERT INTO \(SQL.name(load.table.target)) (\(columns)) SELECT \(columns) FROM \(load.quoted)"
    }

    private static func delete(_ load: StagingTable) -> String {
        let keys = load.table.schema.identity.map { SQL.identifier(load.table.schema.columns[$0].name) }
        let same = keys.map { "s.\($0) = t.\($0)" }.joined(separator: " AND ")
        return """
            DELETE FROM ONLY \(SQL.name(load.table.target)) t
            WHERE NOT EXISTS (SELECT FROM \(load.quoted) s WHERE \(same))
            """
    }

    /// Rows that are as they should be are left alone.
    private static func upsert(_ load: StagingTable) -> String {
        let table = load.table
        let rest = table.replacedColumns
        let insert = "INSERT INTO \(SQL.name(table.target)) AS t (\(table.columnList)) SELECT \(table.columnList)"
        let conflict = "\(insert) FROM \(load.quoted) ON CONFLICT (\(table.keyList))"
        guard !rest.isEmpty else { return conflict + " DO NOTHING" }
        // Compared as they lie in memory, because not every type has an equality; as records, or else it is done
        // column by column.
        return """
            \(conflict) DO UPDATE SET \(rest.map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", "))
            WHERE ROW(\(rest.map { "t.\($0)" }.joined(separator: ", ")))::record \
            OPERATOR(pg_catalog.*<>) ROW(\(rest.map { "EXCLUDED.\($0)" }.joined(separator: ", ")))::record
            """
    }
}
