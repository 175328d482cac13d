import TandemCore
import TandemRows
import Yams

extension ConfigurationReader {
    private static let syncKeys = [
        "from", "to", "method", "tables", "into", "deletes", "compare_every", "synced_at", "unfit_values", "numeric",
        "on_gap", "auto_setup",
    ]

    /// - Parameter connections: The names that `from` and `to` may hold.
    mutating func sync(_ entry: Entry, connections: [String]) -> SyncConfiguration? {
        checkName(entry, of: "sync")
        if let twoWay = entry.node.mapping?.keys.first(where: { ["between", "pairs"].contains($0.string) }) {
            report(
                twoWay.mark?.line ?? entry.line,
                "two-way syncs (\"between\", \"pairs\") are not part of this version; one-way ones have \"from\" and \"to\""
            )
            return nil
        }
        let fields = fields(of: entry, known: Self.syncKeys, reserved: ["schedule"], example: "from: …")
        guard entry.node.mapping != nil else { return nil }
        let from = connectionName("from", fields, of: entry, connections: connections)
        let to = connectionName("to", fields, of: entry, connections: connections)
        var sync = SyncConfiguration(name: entry.key, from: from ?? "", to: to ?? "", line: entry.line)
        if let from, from == to {
            report(fields["to"]?.line, "\"from\" and \"to\" are both \"\(from)\"; a sync has two ends")
        }
        sync.method = choice(fields["method"], among: MethodChoice.allCases.map { ($0.word, $0) }) ?? .auto
        sync.deletes = choice(fields["deletes"], of: DeletePolicy.self) ?? .hard
        sync.compareEvery = count(fields["compare_every"]) ?? 1
        sync.syncedAt = flag(fields["synced_at"]) ?? false
        sync.unfitValues = choice(fields["unfit_values"], of: UnfitPolicy.self) ?? .text
        sync.numeric = decimals(fields["numeric"]) ?? .text
        sync.onGap = choice(fields["on_gap"], of: GapPolicy.self) ?? .resnapshot
        sync.into = name(fields["into"])
        sync.autoSetup = flag(fields["auto_setup"]) ?? false
        sync.schedule = schedule(fields["schedule"])
        if let tables = fields["tables"] {
            sync.tables = list(tables, example: "- public.*").compactMap { rule($0) }
            checkRepetitions(sync.tables)
        }
        checkCombinations(of: sync, fields)
        return from == nil || to == nil ? nil : sync
    }

    private mutating func connectionName(
        _ key: String,
        _ fields: [String: Entry],
        of sync: Entry,
        connections: [String]
    ) -> String? {
        guard let entry = fields[key] else {
            report(sync.line, "sync \"\(sync.key)\" lacks \"\(key)\"; it names a connection")
            return nil
        }
        guard let value = expanded(entry) else { return nil }
        if connections.contains(value.text) { return value.text }
        let hint = Spelling.hint(for: value.text, among: connections)
        report(entry.line, "no connection is called \(value.shown); \(hint)")
        return nil
    }

    private mutating func schedule(_ entry: Entry?) -> Schedule? {
        guard let entry, let text = text(entry) else { return nil }
        do {
            return try Schedule(text)
        } catch {
            report(entry.line, "\"\(entry.key)\" \(error.description)")
            return nil
        }
    }

    private mutating func checkRepetitions(_ rules: [TableRule]) {
        var lines: [TableRule: Int] = [:]
        for rule in rules {
            let key = TableRule(rule.pattern, excludes: rule.excludes)
            if let first = lines[key] {
                report(rule.line, "\(rule.pattern) is already on line \(first); say all about it in one place")
            } else {
                lines[key] = rule.line
            }
        }
    }

    /// Settings that make no sense together.
    private mutating func checkCombinations(of sync: SyncConfiguration, _ fields: [String: Entry]) {
        let methods = [sync.method] + sync.tables.compactMap(\.method)
        if sync.deletes == .soft,
            let method = [.fixed(.fullTable), .fixed(.incremental)].first(where: methods.contains)
        {
            let why = method == .fixed(.fullTable) ? "replaces the whole table" : "does not see deletes"
            report(
                fields["deletes"]?.line,
                "\"deletes: soft\" does not go with \(method.word), which \(why); take it out"
            )
        }
        let mayHaveCursors = sync.tables.contains { !$0.cursor.isEmpty }
        if sync.deletes == .compare, !mayHaveCursors {
            report(
                fields["deletes"]?.line,
                "\"deletes: compare\" is for INCREMENTAL tables, and none has a \"cursor\"; other methods see deletes"
            )
        }
        if let every = fields["compare_every"], sync.deletes != .compare {
            report(every.line, "\"compare_every\" goes with \"deletes: compare\" only")
        }
        if sync.schedule == .continuous, sync.method == .fixed(.fullTable) {
            report(
                fields["schedule"]?.line,
                "\"schedule: continuous\" does not go with FULL_TABLE, which copies whole tables; write `every 1h`"
            )
        }
        if sync.schedule == .continuous, sync.method == .fixed(.incremental) {
            report(
                fields["schedule"]?.line,
                "\"schedule: continuous\" does not go with INCREMENTAL, which reads run by run; write `every 1m`"
            )
        }
        if sync.method == .fixed(.incremental), !mayHaveCursors {
            report(
                fields["method"]?.line,
                "INCREMENTAL needs to know each table's cursor: {name: …, cursor: updated_at}"
            )
        }
        for rule in sync.tables {
            let method = rule.method ?? sync.method
            if !rule.cursor.isEmpty, method != .auto, method != .fixed(.incremental) {
                report(
                    rule.line,
                    "\"cursor\" of \(rule.pattern) goes with INCREMENTAL only, not with \(method.word); take one out"
                )
            }
            if rule.method == .fixed(.incremental), rule.cursor.isEmpty {
                report(
                    rule.line,
                    "INCREMENTAL needs \"cursor\": the column of \(rule.pattern) that grows with every change"
                )
            }
        }
    }
}
