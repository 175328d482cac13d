import TandemCore
import TandemRows

/// What has to be done so that a stream's tables are published, and only in ways that do their writers no harm. Pure.
struct PublicationPlan: Sendable {
    /// What the stream is to name.
    private(set) var names: [String] = []
    /// Statements for this user, to be run in one transaction.
    private(set) var steps: [String] = []
    /// Publications among the names that are made now: what came before cannot be decoded with them.
    private(set) var made: [String] = []
    /// Tables that come in now: what happened to them before is not in the stream.
    private(set) var added: [PublishedTable] = []
    /// What this user may not do: why, and the statements for somebody who may.
    private(set) var missing: (reason: String, sql: [String])?
    private let version: Int

    /// - Parameters:
    ///   - configured: The administrator's publication, which is used as it is.
    ///   - slot: The slot whose publications are used where none is configured.
    ///   - existing: By name.
    ///   - mayCreate: Whether this user may make publications in this database.
    init(
        _ tables: [PublishedTable],
        configured: String?,
        slot: String,
        existing: [String: PublicationFacts],
        mayCreate: Bool,
        server: ServerCapabilities
    ) {
        version = server.version
        if version < 130_000, let table = tables.first(where: { $0.kind == .partitionedTable }) {
            let reason = "pgoutput publishes partitioned tables since Postgres 13, and \(table.name) is one"
            missing = (reason + "; wal2json (\"plugin\") brings them", [])
            return
        }
        if let configured {
            use(configured, for: tables, existing[configured])
        } else {
            let ours = SlotName.publication(for: slot)
            let identified = tables.filter(\.isIdentified)
            let others = tables.filter { !$0.isIdentified }
            if let all = existing[ours.all], !all.isOurs {
                // An administrator's, who may have put everything into it.
                use(ours.all, for: existing[ours.appends] == nil ? tables : identified, all)
                if let appends = existing[ours.appends] {
                    keep(ours.appends, others, isWhole: false, appends, mayCreate)
                }
            } else {
                // Both from the start: a stream cannot name one that is younger than where it begins.
                keep(ours.all, identified, isWhole: true, existing[ours.all], mayCreate)
                keep(ours.appends, others, isWhole: false, existing[ours.appends], mayCreate)
            }
        }
        // A table that moves from one to the other leaves the first one first.
        steps.sort { $0.contains(" DROP TABLE") && !$1.contains(" DROP TABLE") }
    }

    /// Names a publication that somebody else keeps.
    private mutating func use(_ name: String, for tables: [PublishedTable], _ facts: PublicationFacts?) {
        names.append(name)
        let quoted = SQL.identifier(name)
        guard let facts else {
            let create = create(name, tables.filter(\.isIdentified), isWhole: true)
            refuse("there is no publication \"\(name)\"", [create])
            return
        }
        let absent = tables.filter { facts.members[$0.id] == nil }
        if !absent.isEmpty {
            var sql = ["ALTER PUBLICATION \(quoted) ADD TABLE\(Self.list(absent.map(\.name)))"]
            if absent.contains(where: { $0.kind == .partitionedTable }), !facts.isViaRoot {
                sql.append("ALTER PUBLICATION \(quoted) SET (publish_via_partition_root = true)")
                // The root may be in it, and only show as its partitions.
                if facts.hasAllTables { sql.removeFirst() }
            }
            refuse("the publication \"\(name)\" does not publish \(Self.sentence(absent))", sql)
        }
        var wanted: Set<String> = tables.contains(where: \.isIdentified) ? ["insert", "update", "delete"] : ["insert"]
        if version >= 110_000 { wanted.insert("truncate") }
        let lacking = wanted.subtracting(facts.operations)
        if !lacking.isEmpty {
            refuse(
                "the publication \"\(name)\" does not publish every \(lacking.sorted().joined(separator: ", "))",
                ["ALTER PUBLICATION \(quoted) SET (publish = 'insert, update, delete, truncate')"]
            )
        }
        let filtered = tables.filter { facts.members[$0.id]?.isFiltered ?? false }
        if !filtered.isEmpty {
            refuse("the publication \"\(name)\" sends not all rows of \(Self.sentence(filtered)) (WHERE)", [])
        }
    }

    /// Makes a publication of ours, or brings it to hold just `tables`.
    private mutating func keep(
        _ name: String,
        _ tables: [PublishedTable],
        isWhole: Bool,
        _ facts: PublicationFacts?,
        _ mayCreate: Bool
    ) {
        names.append(name)
        guard let facts else {
            let create = create(name, tables, isWhole: isWhole)
            if !mayCreate { return refuse("this user may not make publications in this database", [create]) }
            let foreign = tables.filter { !$0.isOwned }
            if !foreign.isEmpty {
                return refuse("this user does not own \(Self.sentence(foreign)) and cannot publish them", [create])
            }
            steps.append(create)
            made.append(name)
            added += tables
            return
        }
        let quoted = SQL.identifier(name)
        let absent = tables.filter { facts.members[$0.id] == nil }
        if !absent.isEmpty {
            let add = "ALTER PUBLICATION \(quoted) ADD TABLE\(Self.list(absent.map(\.name)))"
            if facts.isOurs, absent.allSatisfy(\.isOwned) {
                steps.append(add)
                added += absent
            } else {
                refuse("this user cannot add \(Self.sentence(absent)) to the publication \"\(name)\"", [add])
            }
        }
        let wanted = Set(tables.map(\.id))
        let left = facts.members.filter { $0.value.isNamed && !wanted.contains($0.key) }.map(\.value.name).sorted()
        if facts.isOurs, !left.isEmpty {
            steps.append("ALTER PUBLICATION \(quoted) DROP TABLE\(Self.list(left))")
        }
    }

    private mutating func refuse(_ reason: String, _ sql: [String]) {
        guard let earlier = missing else {
            missing = (reason, sql)
            return
        }
        // Both publications lack the same right as often as not.
        let reasons = earlier.reason.contains(reason) ? earlier.reason : earlier.reason + "; " + reason
        missing = (reasons, earlier.sql + sql)
    }

    private func create(_ name: String, _ tables: [PublishedTable], isWhole: Bool) -> String {
        Self.create(name, tables.map(\.name), isWhole: isWhole, version: version)
    }
}

extension PublicationPlan {
    /// - Parameter isWhole: Whether updates and deletes are published too.
    static func create(_ name: String, _ tables: [TableName], isWhole: Bool, version: Int) -> String {
        var operations = isWhole ? ["insert", "update", "delete"] : ["insert"]
        if version >= 110_000 { operations.append("truncate") }
        var options = ["publish = '\(operations.joined(separator: ", "))'"]
        if version >= 130_000 { options.append("publish_via_partition_root = true") }
        if version >= 180_000 { options.append("publish_generated_columns = stored") }
        let list = tables.isEmpty ? "" : " FOR TABLE" + self.list(tables)
        let space = list.contains("\n") ? "\n" : " "
        return "CREATE PUBLICATION \(SQL.identifier(name))\(list)\(space)WITH (\(options.joined(separator: ", ")))"
    }

    /// Tables that inherit from one of these are tables of their own.
    private static func list(_ tables: [TableName]) -> String {
        SQL.list(tables.map { "ONLY " + SQL.name($0) })
    }

    private static func sentence(_ tables: [PublishedTable]) -> String {
        let names = tables.prefix(5).map { SQL.name($0.name) }.joined(separator: ", ")
        return tables.count > 5 ? "\(names) and \(tables.count - 5) more" : names
    }
}
