import Foundation
import GRDB
package import TandemCore
package import TandemRows

extension StateStore {
    /// Notes what was refused in `run`.
    static func addIssues(
        of table: TableName,
        _ refusals: [RejectedValue],
        sync: String,
        run: Int64,
        now: Double,
        _ db: Database
    ) throws {
        let insert = try db.makeStatement(sql: insertion)
        for refusal in refusals {
            try insert.execute(arguments: [
                "sync": sync, "schema": table.schema, "table": table.table, "key": refusal.key,
                "column": refusal.column, "cause": refusal.cause, "since": now, "now": now, "run": run,
            ])
        }
    }

    /// Adds an issue, or counts one more run of it.
    private static let insertion = """
        INSERT INTO issue
            (sync, source_schema, source_table, row_key, column_name, cause, count, first_seen, last_seen, run)
        VALUES (:sync, :schema, :table, :key, :column, :cause, 1, :since, :now, :run)
        ON CONFLICT DO UPDATE SET count = count + (run <> :run), last_seen = :now, run = :run
        """

    /// Forgets what was refused before `run` and not in it.
    static func removeIssues(of table: TableName, sync: String, before run: Int64, _ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM issue WHERE sync = ? AND source_schema = ? AND source_table = ? AND run <> ?",
            arguments: [sync, table.schema, table.table, run]
        )
    }

    /// Notes that these are the issues that tables have now. Those that somebody has said are to stay are not kept
    /// here.
    package func record(
        _ issues: [TableName: [RowIssue]],
        sync: String,
        run: Int64
    ) async throws(StateError) {
        let now = clock.time
        let had = try await Set(self.issues(of: sync).map(\.table))
        let open = issues.mapValues { $0.filter { !$0.isIgnored } }
        // Most tables have none, and have had none.
        let changed = open.filter { !$1.isEmpty || had.contains($0) }
        if changed.isEmpty { return }
        try await write { db in
            for (table, open) in changed {
                try Self.record(open, of: table, sync: sync, run: run, now: now, db)
            }
        }
    }

    private static func record(
        _ open: [RowIssue],
        of table: TableName,
        sync: String,
        run: Int64,
        now: Double,
        _ db: Database
    ) throws {
        let known = try Row.fetchAll(
            db,
            sql: """
                SELECT id, row_key, column_name, cause FROM issue
                WHERE sync = ? AND source_schema = ? AND source_table = ?
                """,
            arguments: [sync, table.schema, table.table]
        )
        let kept = Set(open.map { [$0.keyText, $0.column, $0.cause] })
        let delete = try db.makeStatement(sql: "DELETE FROM issue WHERE id = ?")
        for row in known where !kept.contains([row["row_key"], row["column_name"], row["cause"]]) {
            try delete.execute(arguments: [row["id"] as Int64])
        }
        let insert = try db.makeStatement(sql: insertion)
        for issue in open {
            try insert.execute(arguments: [
                "sync": sync, "schema": table.schema, "table": table.table, "key": issue.keyText,
                "column": issue.column, "cause": issue.cause, "since": issue.since, "now": now, "run": run,
            ])
        }
    }

    /// The rows that could not be synced, by table and in the order first met.
    package func issues(of sync: String) async throws(StateError) -> [IssueRecord] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM issue WHERE sync = ? ORDER BY source_schema, source_table, id",
                arguments: [sync]
            ).map(IssueRecord.init)
        }
    }
}

extension IssueRecord {
    init(_ row: Row) {
        id = row["id"]
        sync = row["sync"]
        table = TableName(schema: row["source_schema"], table: row["source_table"])
        key = row["row_key"]
        column = row["column_name"]
        cause = row["cause"]
        count = row["count"]
        firstSeen = Date(timeIntervalSince1970: row["first_seen"])
        lastSeen = Date(timeIntervalSince1970: row["last_seen"])
        run = row["run"]
    }
}
