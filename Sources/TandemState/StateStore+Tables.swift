import Foundation
import GRDB
import TandemCore
package import TandemRows

extension StateStore {
    /// Notes what happens to a table in the course of `run`.
    ///
    /// - Parameter id: The table's id, by which ``rename(_:sync:)`` knows it again.
    package func record(
        _ event: TableEvent,
        of source: TableName,
        id: TableID,
        target: TableName,
        sync: String,
        run: Int64
    ) async throws(StateError) {
        try await record(event, of: [TableKey(source: source, id: id, target: target)], sync: sync, run: run)
    }

    /// The same of several tables, in one transaction.
    package func record(
        _ event: TableEvent,
        of tables: [TableKey],
        sync: String,
        run: Int64
    ) async throws(StateError) {
        guard !tables.isEmpty else { return }
        let now = clock.time
        try await write { db in
            for table in tables { try Self.record(event, of: table, sync: sync, run: run, now: now, db) }
        }
    }

    /// What a table is called at its source and at its destination.
    package struct TableKey: Sendable {
        package var source: TableName
        package var id: TableID
        package var target: TableName

        package init(source: TableName, id: TableID, target: TableName) {
            (self.source, self.id, self.target) = (source, id, target)
        }
    }

    private static func record(
        _ event: TableEvent,
        of table: TableKey,
        sync: String,
        run: Int64,
        now: Double,
        _ db: Database
    ) throws {
        let (source, id, target) = (table.source, table.id, table.target)
        let key: StatementArguments = ["sync": sync, "schema": source.schema, "table": source.table]
        try db.execute(
            sql: """
                INSERT INTO table_state
                    (sync, source_schema, source_table, target_schema, target_table, source, phase)
                VALUES (:sync, :schema, :table, :target_schema, :target_table, :id, 'pending')
                ON CONFLICT DO UPDATE
                    SET target_schema = :target_schema, target_table = :target_table, source = :id
                """,
            arguments: key + ["target_schema": target.schema, "target_table": target.table, "id": id.description]
        )
        let (change, arguments) = Self.change(event, now: now)
        try db.execute(
            sql: """
                UPDATE table_state SET \(change)
                WHERE sync = :sync AND source_schema = :schema AND source_table = :table
                """,
            arguments: key + arguments
        )
        switch event {
        case .copied(_, _, _, let refusals):
            try Self.addIssues(of: source, refusals, sync: sync, run: run, now: now, db)
            try Self.removeIssues(of: source, sync: sync, before: run, db)
        case .merged(_, _, _, let refusals):
            try Self.addIssues(of: source, refusals, sync: sync, run: run, now: now, db)
        case .pending, .started, .catchingUp, .streaming, .failed, .inactive: break
        }
    }

    /// Notes that so many more changes have been applied to tables, by their ids at the source.
    package func add(changes: [TableID: Int], of sync: String) async throws(StateError) {
        guard !changes.isEmpty else { return }
        try await write { db in
            for (id, count) in changes {
                try db.execute(
                    sql: "UPDATE table_state SET changes = changes + ? WHERE sync = ? AND source = ?",
                    arguments: [count, sync, id.description]
                )
            }
        }
    }

    /// Notes what tables are called now, by their ids at the source: what is known of one under another name goes
    /// along. Tables may have taken each other's names. What is known of a table whose name another one took, and that
    /// is none of these, is forgotten.
    package func rename(_ names: [TableID: TableName], sync: String) async throws(StateError) {
        try await write { db in
            let known = try Row.fetchAll(
                db,
                sql: "SELECT source, source_schema, source_table FROM table_state WHERE sync = ?",
                arguments: [sync]
            ).map { row in
                (
                    id: TableID(row["source"] as String),
                    name: TableName(schema: row["source_schema"], table: row["source_table"])
                )
            }
            let settled = Set(known.filter { names[$0.id] == $0.name }.map(\.id))
            var moves: [TableID: (from: TableName, to: TableName)] = [:]
            for (id, name) in known where !settled.contains(id) { moves[id] = names[id].map { (name, $0) } }
            // No table has a schema without a name.
            let between = { (id: TableID) in TableName(schema: "", table: "\(id)") }
            for (id, move) in moves { try Self.rename(move.from, to: between(id), sync: sync, db) }
            for (id, move) in moves { try Self.rename(between(id), to: move.to, sync: sync, db) }
        }
    }

    private static func rename(_ old: TableName, to new: TableName, sync: String, _ db: Database) throws {
        for table in ["table_state", "issue"] {
            try db.execute(
                sql: """
                    DELETE FROM \(table) WHERE sync = ? AND source_schema = ? AND source_table = ?
                    """,
                arguments: [sync, new.schema, new.table]
            )
            try db.execute(
                sql: """
                    UPDATE \(table) SET source_schema = ?, source_table = ?
                    WHERE sync = ? AND source_schema = ? AND source_table = ?
                    """,
                arguments: [new.schema, new.table, sync, old.schema, old.table]
            )
        }
    }

    private static func change(_ event: TableEvent, now: Double) -> (sql: String, arguments: StatementArguments) {
        switch event {
        case .pending: ("phase = 'pending'", [:])
        case .catchingUp: ("phase = 'catching up', error = NULL, remedy = NULL", [:])
        case .streaming: ("phase = 'streaming', error = NULL, remedy = NULL", [:])
        case .inactive: ("phase = 'inactive', error = NULL, remedy = NULL", [:])
        case .started:
            ("phase = 'copying', started = :now, ended = NULL, attempts = attempts + 1", ["now": now])
        case .copied(let rows, let bytes, let moment, _), .merged(let rows, let bytes, let moment, _):
            (
                """
                phase = 'copied', ended = :now, copied = :now, rows = :rows, bytes = :bytes, changes = 0,
                checkpoint = :checkpoint, origin = :origin, moment = :moment, error = NULL, remedy = NULL, attempts = 0
                """,
                [
                    "now": now, "rows": rows, "bytes": bytes, "checkpoint": moment.checkpoint.description,
                    "origin": moment.origin, "moment": moment.time,
                ]
            )
        case .failed(let error, let remedy):
            (
                "phase = 'failed', ended = :now, error = :error, remedy = :remedy",
                ["now": now, "error": error, "remedy": remedy]
            )
        }
    }

    /// Forgets tables that were never copied, and that are not among `chosen`, which is all that there are now.
    package func forgetUncopied(of sync: String, except chosen: [TableName]) async throws(StateError) {
        let uncopied = try await tables(of: sync).filter { $0.moment == nil && !chosen.contains($0.source) }
        guard !uncopied.isEmpty else { return }
        try await forget(sync, tables: uncopied.map(\.source))
    }

    /// By name.
    package func tables(of sync: String) async throws(StateError) -> [TableState] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM table_state WHERE sync = ? ORDER BY source_schema, source_table",
                arguments: [sync]
            ).map(TableState.init)
        }
    }

    /// Gives all that is known of a sync another name. What was known of one of that name as to tables goes.
    package func rename(_ sync: String, to name: String) async throws(StateError) {
        try await write { db in
            for table in ["run", "table_state", "issue"] {
                try db.execute(
                    sql: "UPDATE OR REPLACE \(table) SET sync = ?2 WHERE sync = ?1",
                    arguments: [sync, name]
                )
            }
        }
    }

    /// Forgets a sync, or some of its tables by their names at the source, with their issues.
    package func forget(_ sync: String, tables: [TableName]? = nil) async throws(StateError) {
        try await write { db in
            guard let tables else {
                for table in ["run", "table_state", "issue"] {
                    try db.execute(sql: "DELETE FROM \(table) WHERE sync = ?", arguments: [sync])
                }
                return
            }
            for name in tables {
                for table in ["table_state", "issue"] {
                    try db.execute(
                        sql: "DELETE FROM \(table) WHERE sync = ? AND source_schema = ? AND source_table = ?",
                        arguments: [sync, name.schema, name.table]
                    )
                }
            }
        }
    }
}

extension TableState {
    init(_ row: Row) {
        func date(_ column: String) -> Date? { (row[column] as Double?).map(Date.init(timeIntervalSince1970:)) }
        sync = row["sync"]
        source = TableName(schema: row["source_schema"], table: row["source_table"])
        target = TableName(schema: row["target_schema"], table: row["target_table"])
        id = TableID(row["source"] as String)
        phase = (row["phase"] as String?).flatMap(Phase.init) ?? .pending
        started = date("started")
        ended = date("ended")
        rows = row["rows"]
        bytes = row["bytes"]
        changes = row["changes"]
        copied = date("copied")
        if let checkpoint: String = row["checkpoint"], let origin: String = row["origin"],
            let time: Double = row["moment"]
        {
            moment = Moment(checkpoint: Checkpoint(checkpoint), origin: origin, time: time)
        }
        error = row["error"]
        remedy = row["remedy"]
        attempts = row["attempts"]
    }
}
