import Foundation
package import TandemCore
package import TandemEngine
import TandemRows

/// What a run of a sync has come to.
package struct RunReport: Codable, Sendable {
    package struct Table: Codable, Sendable {
        package var schema: String
        package var table: String
        package var targetSchema: String
        package var targetTable: String
        package var outcome: String
        package var rowsRead: Int?
        package var rowsWritten: Int?
        package var rowsRefused: Int?
        /// Where keys were compared to find deleted rows.
        package var rowsDeleted: Int?
        package var valuesClamped: Int?
        package var bytes: Int?
        /// Of the table, as large as it is at the source, what an earlier run had copied and this one did not read.
        package var bytesResumed: Int?
        package var seconds: Double?
        package var checkpoint: String?
        package var error: String?
        package var remedy: Remedy?
    }

    /// What was followed in the source's log.
    package struct Stream: Codable, Sendable {
        package struct Table: Codable, Sendable {
            package var schema: String
            package var table: String
            package var changes: Int
        }

        package var changes: Int
        package var transactions: Int
        package var tables: [Table]
        /// When the last transaction applied was committed at the source.
        package var asOf: String?

        init(_ counts: StreamProgress.Counts) {
            changes = counts.changes
            transactions = counts.transactions
            tables = counts.tables.sorted { $0.key < $1.key }.map {
                Table(schema: $0.key.schema, table: $0.key.table, changes: $0.value)
            }
            asOf = counts.time.map { Date(timeIntervalSince1970: $0).formatted(.iso8601) }
        }
    }

    package var sync: String
    package var outcome: String
    package var tables: [Table]
    package var stream: Stream?
    /// Rows, of all tables, that the destination does not hold as the source has them.
    package var issues: Int?
    package var notes: [String]
    package var seconds: Double?
    package var error: String?
    package var remedy: Remedy?

    /// Whether the run, or a table of it, did not come to a good end.
    package var isFailed: Bool { outcome == "failed" }

    package init(_ result: SyncRun.Result) {
        sync = result.plan.sync
        outcome = result.report.failures.isEmpty ? "succeeded" : "failed"
        seconds = Amounts.seconds(result.duration)
        issues = result.issues.values.reduce(0) { $0 + $1.count }
        stream = result.stream.map(Stream.init)
        notes =
            result.plan.notes + result.plan.leftOutNotes + result.plan.orphans.map { "\($0.copy.target): \($0.reason)" }
            + result.plan.tables.flatMap { table in table.notes.map { "\(table.schema.name): \($0)" } }
        tables = result.report.outcomes.map { outcome in
            Table(
                schema: outcome.copy.schema.name.schema,
                table: outcome.copy.schema.name.table,
                targetSchema: outcome.copy.target.schema,
                targetTable: outcome.copy.target.table,
                outcome: outcome.merge == nil ? "copied" : "merged",
                rowsRead: outcome.tally.rows,
                rowsWritten: outcome.written,
                rowsRefused: outcome.tally.refused,
                rowsDeleted: outcome.merge?.deleted,
                valuesClamped: outcome.tally.clamped.values.reduce(0, +),
                bytes: outcome.tally.bytes,
                bytesResumed: outcome.bytesResumed,
                seconds: Amounts.seconds(outcome.duration),
                checkpoint: outcome.copy.moment.checkpoint.description
            )
        }
        tables += result.report.failures.map { table, failure in
            Table(
                schema: table.schema.name.schema,
                table: table.schema.name.table,
                targetSchema: table.target.schema,
                targetTable: table.target.table,
                outcome: "failed",
                error: failure.message,
                remedy: failure.remedy
            )
        }
    }

    /// A run that followed until it was told to stop.
    package init(stopped sync: String) {
        self.sync = sync
        outcome = "stopped"
        tables = []
        notes = []
    }

    /// A run that was stopped as a whole; the destination is as it was before.
    package init(sync: String, failure: any ExplainedError) {
        self.sync = sync
        outcome = "failed"
        tables = []
        notes = []
        error = failure.description
        remedy = failure.remedy
    }
}
