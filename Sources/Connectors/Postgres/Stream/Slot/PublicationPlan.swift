import TandemCore
import TandemRows

/// What has to be done so that a stream's tables are published, and only in ways that do their writers no harm. Pure.
struct PublicationPlan: Sendable {
    /// What the stream is to name.
    private(set) var names: [String] = []
    /// Statements for this user, to be run in one transaction.
    private(set) var steps: [String] = []
    /// Tables that this user adds to publications after that.
    private(set) var additions: [Addition] = []
    /// Publications among the names that are made now: what came before cannot be decoded with them.
    private(set) var made: [String] = []
    /// All of that as somebody would write it.
    private(set) var script: [String] = []
    /// Tables that come in now: what happened to them before is not in the stream.
    var added: [PublishedTable] { additions.flatMap(\.tables) }
    /// What this user may not do: why, and the statements for somebody who may.
    private(set) var missing: (reason: String, sql: [String])?
    /// Tables that others must publish, while the rest is published.
    private(set) var left: [Left] = []
    private let version: Int

    /// Tables that a publication is to hold.
    struct Addition: Sendable {
        var publication: String
        var tables: [PublishedTable]

        /// Locks all of `tables`, so that these should not be too many.
        static func statement(_ publication: String, _ tables: some Sequence<PublishedTable>) -> String {
            "ALTER PUBLICATION \(SQL.identifier(publication)) ADD TABLE\(PublicationPlan.list(tables.map(\.name)))"
        }
    }

    /// A table that cannot be published: why, and the statements for somebody who may.
    struct Left: Sendable {
        var table: PublishedTable
        var reason: String
        /// The publication to add it to, if that is what is missing.
        var publication: String?
        /// What else there is to do.
        var more: [String] = []

        var sql: [String] { Self.sql([self]) }

        /// What there is to do for all of `left`, a publication at a time.
        static func sql(_ left: [Left]) -> [String] {
            var names: [String] = []
            for name in left.compactMap(\.publication) where !names.contains(name) { names.append(name) }
            var sql = names.map { name in
                Addition.statement(name, left.filter { $0.publication == name }.map(\.table))
            }
            for statement in left.flatMap(\.more) where !sql.contains(statement) { sql.append(statement) }
            return sql
        }
    }

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
        let old = version < 130_000 ? tables.filter { $0.kind == .partitionedTable } : []
        for table in old {
            let reason = "pgoutput publishes partitioned tables since Postgres 13, and \(table.name) is one"
            left.append(Left(table: table, reason: reason + "; wal2json (\"plugin\") brings them"))
        }
        defer { if missing == nil, !left.isEmpty, left.count == tables.count { refuseAll() } }
        let possible = tables.filter { !old.contains($0) }
        if let configured {
            use(configured, for: possible, existing[configured])
        } else {
            let ours = SlotName.publication(for: slot)
            let identified = possible.filter(\.isIdentified)
            let others = possible.filter { !$0.isIdentified }
            if let all = existing[ours.all], !all.isOurs {
                // An administrator's, who may have put everything into it.
                use(ours.all, for: existing[ours.appends] == nil ? possible : identified, all)
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
        script.sort { $0.contains(" DROP TABLE") && !$1.contains(" DROP TABLE") }
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
        for table in absent {
            var missing = Left(table: table, reason: "", publication: name)
            if table.kind == .partitionedTable, !facts.isViaRoot {
                missing.more = ["ALTER PUBLICATION \(quoted) SET (publish_via_partition_root = true)"]
                // The root may be in it, and only show as its partitions.
                if facts.hasAllTables { missing.publication = nil }
            }
            missing.reason = "the publication \"\(name)\" does not publish \(Self.sentence([table]))"
            left.append(missing)
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
            steps.append(Self.create(name, [], isWhole: isWhole, version: version))
            script.append(create)
            made.append(name)
            if !tables.isEmpty { additions.append(Addition(publication: name, tables: tables)) }
            return
        }
        let quoted = SQL.identifier(name)
        let absent = tables.filter { facts.members[$0.id] == nil }
        let addable = absent.filter { facts.isOurs && $0.isOwned }
        if !addable.isEmpty {
            additions.append(Addition(publication: name, tables: addable))
            script.append(Addition.statement(name, addable))
        }
        for table in absent where !addable.contains(table) {
            let reason = "this user cannot add \(Self.sentence([table])) to the publication \"\(name)\""
            left.append(Left(table: table, reason: reason, publication: name))
        }
        let wanted = Set(tables.map(\.id))
        let left = facts.members.filter { $0.value.isNamed && !wanted.contains($0.key) }.map(\.value.name).sorted()
        if facts.isOurs, !left.isEmpty {
            steps.append("ALTER PUBLICATION \(quoted) DROP TABLE\(Self.list(left))")
            script.append("ALTER PUBLICATION \(quoted) DROP TABLE\(Self.list(left))")
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

    /// Not one table could be followed.
    private mutating func refuseAll() {
        let reasons = left.map(\.reason)
        missing = (reasons.count > 1 ? "\(reasons[0]), and \(reasons.count - 1) more" : reasons[0], Left.sql(left))
    }

    private func create(_ name: String, _ tables: [PublishedTable], isWhole: Bool) -> String {
        Self.create(name, tables.map(\.name), isWhole: isWhole, version: version)
    }
}

extension PublicationPlan {
    /// For what this user may not do.
    static func remedy(_ sql: [String]) -> Remedy {
        Remedy(
            sql.isEmpty
                ? "Set plugin: wal2json, or leave the table out."
                : "As a superuser, or the tables' owner, publish them; or set plugin: wal2json, which needs no publication.",
            sql: sql
        )
    }

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
    fileprivate static func list(_ tables: [TableName]) -> String {
        SQL.list(tables.map { "ONLY " + SQL.name($0) })
    }

    private static func sentence(_ tables: [PublishedTable]) -> String {
        let names = tables.prefix(5).map { SQL.name($0.name) }.joined(separator: ", ")
        return tables.count > 5 ? "\(names) and \(tables.count - 5) more" : names
    }
}
