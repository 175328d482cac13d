import Foundation
import GRDB
import TandemCore

extension StateStore {
    /// Notes that a run begins. Runs of the same sync that never ended were cut off: a sync has one run at a time.
    ///
    /// - Returns: The run's number.
    package func beginRun(of sync: String) async throws(StateError) -> Int64 {
        let process = ProcessIdentity.current
        let now = clock.time
        return try await write { db in
            try db.execute(
                sql: "UPDATE run SET outcome = 'interrupted' WHERE sync = ? AND outcome = 'running'",
                arguments: [sync]
            )
            try db.execute(
                sql: "INSERT INTO run (sync, started, outcome, pid, pid_start) VALUES (?, ?, 'running', ?, ?)",
                arguments: [sync, now, process.pid, process.start]
            )
            let run = db.lastInsertedRowID
            try db.execute(
                sql: """
                    DELETE FROM run WHERE sync = ?1 AND id <= (
                        SELECT id FROM run WHERE sync = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
                    """,
                arguments: [sync, Self.runLimit]
            )
            return run
        }
    }

    package func finishRun(
        _ run: Int64,
        _ outcome: RunRecord.Outcome,
        rows: Int = 0,
        bytes: Int = 0,
        error: String? = nil,
        remedy: String? = nil
    ) async throws(StateError) {
        let now = clock.time
        try await write { db in
            try db.execute(
                sql: "UPDATE run SET ended = ?, outcome = ?, rows = ?, bytes = ?, error = ?, remedy = ? WHERE id = ?",
                arguments: [now, outcome.rawValue, rows, bytes, error, remedy, run]
            )
        }
    }

    /// Notes how far `run` has followed its source.
    ///
    /// - Parameter time: When the last transaction was committed there, seconds since 1970.
    package func noteStream(
        _ run: Int64,
        changes: Int,
        transactions: Int,
        time: Double?
    ) async throws(StateError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE run SET changes = ?, transactions = ?, stream_time = ? WHERE id = ?",
                arguments: [changes, transactions, time, run]
            )
        }
    }

    package func lastRun(of sync: String) async throws(StateError) -> RunRecord? {
        try await runs(of: sync, limit: 1).first
    }

    /// The newest first.
    package func runs(of sync: String, limit: Int) async throws(StateError) -> [RunRecord] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM run WHERE sync = ? ORDER BY id DESC LIMIT ?",
                arguments: [sync, limit]
            ).map(RunRecord.init)
        }
    }
}

extension RunRecord {
    init(_ row: Row) {
        id = row["id"]
        sync = row["sync"]
        started = Date(timeIntervalSince1970: row["started"])
        ended = (row["ended"] as Double?).map(Date.init(timeIntervalSince1970:))
        rows = row["rows"]
        bytes = row["bytes"]
        changes = row["changes"]
        transactions = row["transactions"]
        streamTime = (row["stream_time"] as Double?).map(Date.init(timeIntervalSince1970:))
        error = row["error"]
        remedy = row["remedy"]
        outcome = (row["outcome"] as String?).flatMap(Outcome.init) ?? .interrupted
        if outcome == .running, !ProcessIdentity(pid: row["pid"], start: row["pid_start"]).isAlive {
            outcome = .interrupted
        }
    }
}
