package import Foundation
package import TandemCore
import TandemEngine
package import TandemRows
package import TandemState

/// How a sync stands.
package struct StatusReport: Codable, Sendable {
    package struct Run: Codable, Sendable {
        package var outcome: RunRecord.Outcome
        package var started: String
        package var ended: String?
        package var rows: Int
        package var bytes: Int
        package var changes: Int
        package var transactions: Int
        package var streamedAsOf: String?
        package var error: String?
        package var remedy: String?
    }

    package struct Table: Codable, Sendable {
        package var source: TableName
        package var target: TableName
        package var state: TableState.Phase
        /// Those of the copy, as of ``asOf``.
        package var rows: Int
        package var bytes: Int
        /// Applied to it since.
        package var changes: Int
        package var asOf: String?
        package var checkpoint: String?
        package var attempts: Int
        package var error: String?
        package var remedy: String?
    }

    package struct Issue: Codable, Sendable {
        package var table: TableName
        package var key: String
        package var column: String
        package var cause: String
        package var runs: Int
    }

    package var sync: String
    /// Of what the sync has brought, of its oldest table; nothing before all of them are there.
    package var ageSeconds: Double?
    package var lastRun: Run?
    package var stream: StreamStatusReport?
    package var triggers: StreamStatusReport?
    package var tables: [Table]
    package var issues: [Issue]

    package init(_ status: SyncStatus) {
        sync = status.sync
        ageSeconds = status.age
        lastRun = status.run.map {
            Run(
                outcome: $0.outcome,
                started: $0.started.formatted(.iso8601),
                ended: $0.ended?.formatted(.iso8601),
                rows: $0.rows,
                bytes: $0.bytes,
                changes: $0.changes,
                transactions: $0.transactions,
                streamedAsOf: $0.streamTime?.formatted(.iso8601),
                error: $0.error,
                remedy: $0.remedy
            )
        }
        stream = status.streams[.logBased].map { StreamStatusReport($0, after: status.run, at: status.now) }
        triggers = status.streams[.triggerBased].map { StreamStatusReport($0, after: status.run, at: status.now) }
        tables = status.tables.map {
            Table(
                source: $0.source,
                target: $0.target,
                state: $0.phase,
                rows: $0.rows,
                bytes: $0.bytes,
                changes: $0.changes,
                asOf: $0.moment.map { Date(timeIntervalSince1970: $0.time).formatted(.iso8601) },
                checkpoint: $0.moment?.checkpoint.description,
                attempts: $0.attempts,
                error: $0.error,
                remedy: $0.remedy
            )
        }
        issues = status.issues.map {
            Issue(table: $0.table, key: $0.key, column: $0.column, cause: $0.cause, runs: $0.count)
        }
    }
}

/// How the stream stands that a sync follows.
package struct StreamStatusReport: Codable, Sendable {
    package var slot: String?
    package var exists: Bool?
    package var plugin: String?
    package var isRead: Bool?
    package var keptBytes: Int?
    package var lagBytes: Int?
    package var lagSeconds: Double?
    package var walStatus: String?
    package var roomBytes: Int?
    package var warnings: [FindingReport] = []
    package var error: String?
    package var remedy: Remedy?

    package init(_ report: StreamReport, after run: RunRecord?, at now: Date) {
        switch report {
        case .unknown(let message, let remedy): (error, self.remedy) = (message, remedy)
        case .status(let status):
            slot = status.slot
            exists = status.exists
            warnings = status.warnings.map { FindingReport($0) }
            guard status.exists else { return }
            plugin = status.plugin
            isRead = status.isRead
            keptBytes = status.kept
            lagBytes = status.behind
            lagSeconds = status.lag(after: run, at: now)
            walStatus = status.state
            roomBytes = status.room
        }
    }
}
