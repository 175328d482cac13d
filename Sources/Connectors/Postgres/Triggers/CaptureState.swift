/// What there is in the database of what notes one table's changes.
struct CaptureState: Sendable {
    /// The line of `tandem.captures`.
    struct Record: Sendable {
        var name: [String]
        var keyNumbers: [Int]
        var keyNames: [String]
        var keyIndex: UInt32
        var log: UInt32
        var isByRow: Bool
        var version: Int
        /// The function's text as it was made, as `md5` sums it up.
        var source: String
    }

    struct Trigger: Sendable {
        /// The table, or partition, that it is on.
        var relation: UInt32
        var name: String
        /// Another text when it is made anew, altered, enabled or disabled.
        var mark: String
        /// `tgenabled`: `A` always, `O` but for replicas, `R` for replicas only, `D` never.
        var enabled: String

        var kind: NoteTrigger? { NoteTrigger(name: name) }
        /// Whether it sees what it is there for.
        var fires: Bool { kind == .replica ? enabled != "D" : enabled == "A" || enabled == "O" }
        /// Whether it sees that in a session that is a replica, too.
        var firesForReplicas: Bool { enabled == "A" || enabled == "R" }
    }

    var relation: UInt32
    var record: Record?
    /// The number of the table that has the log's name, and the types of its key columns.
    var log: UInt32?
    var logTypes: [String] = []
    /// The text of the function, and its sum.
    var source: String?
    var sourceSum: String?
    var runsAsOwner = true
    var triggers: [Trigger] = []
    /// Why the table has to be copied again.
    var gaps: [String] = []

    /// Those of `table` and of the partitions that it has now.
    func mark(of table: TriggerTable) -> TriggerMark {
        let parts = Set([table.relation] + table.parts.map(\.number))
        let current = Dictionary(grouping: triggers.filter { parts.contains($0.relation) }, by: \.relation)
        return TriggerMark(current.mapValues { $0.map { "\($0.mark).\($0.enabled)" }.sorted().joined(separator: ",") })
    }
}
