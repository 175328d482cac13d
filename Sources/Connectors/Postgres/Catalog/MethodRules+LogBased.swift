import TandemCore

extension MethodRules {
    var logBased: Eligibility {
        wrongKindForTheLog ?? obstacle ?? chosenRows ?? Self.serverObstacle(server) ?? missingIdentity
            ?? .usable(note: logNote)
    }

    private var wrongKindForTheLog: Eligibility? {
        switch table.kind {
        case .view, .materializedView, .foreignTable:
            return .unusable(
                reason: "The log holds the changes of tables, and this is a \(table.kind.rawValue).",
                remedy: nil
            )
        case .table, .partitionedTable: break
        }
        if table.isHypertable {
            let reason = "The log names the changes of a TimescaleDB hypertable by its chunks."
            return .unusable(reason: reason, remedy: nil)
        }
        if let part = table.foreignPart {
            let reason = "Its partition \(part) is a foreign table, of whose changes the log here says nothing."
            return .unusable(reason: reason, remedy: nil)
        }
        if let part = table.unloggedPart {
            return .unusable(
                reason: "Its partition \(part) is unlogged, and leaves nothing in the log.",
                remedy: Remedy("As its owner, make the partition logged, which rewrites it.")
            )
        }
        guard table.isUnlogged else { return nil }
        // Before 9.5 nothing makes an unlogged table a logged one.
        let sql = server.version >= 90_500 ? ["ALTER TABLE \(quotedName) SET LOGGED"] : []
        return .unusable(
            reason: "An unlogged table leaves nothing in the log.",
            remedy: Remedy("As its owner \"\(table.owner)\", make it logged, which rewrites it.", sql: sql)
        )
    }

    /// Updates and deletes of such a table could not be matched; publishing them would make the customer's own
    /// statements fail.
    private var missingIdentity: Eligibility? {
        let hasPrimaryKey = keys.contains { $0.isPrimary && $0.isImmediate }
        if table.kind == .partitionedTable, !hasPrimaryKey {
            return .unusable(
                reason:
                    "It has no primary key: a partition that is made later would have no replica identity, so that updates and deletes in it would fail.",
                remedy: Remedy("Add a primary key, which every partition has then.")
            )
        }
        let reason: String
        switch table.replicaIdentity {
        case .full: return nil
        case .key where hasPrimaryKey: return nil
        case .key: reason = "It has no primary key"
        case .index:
            guard let index = keys.first(where: \.isReplicaIdentity) else {
                reason = "The index that was its replica identity is gone"
                break
            }
            guard let nullable = columns.first(where: { !$0.isNotNull && index.columns.contains($0.number) }) else {
                return nil
            }
            reason = "Column \(nullable.name) of the index that is its replica identity may hold nulls: NOT NULL is NOT VALID"
        case .nothing: reason = "Its replica identity is NOTHING"
        }
        let sql: String
        if hasPrimaryKey {
            sql = "ALTER TABLE \(quotedName) REPLICA IDENTITY DEFAULT"
        } else if let index = uniqueIndex {
            sql = "ALTER TABLE \(quotedName) REPLICA IDENTITY USING INDEX \(SQL.identifier(index))"
        } else {
            sql = "ALTER TABLE \(quotedName) REPLICA IDENTITY FULL"
        }
        return .unusable(
            reason: reason + ", so the log does not tell which rows are updated or deleted.",
            remedy: Remedy(
                "Add a primary key; or, as its owner \"\(table.owner)\", let something else tell its rows apart.",
                sql: [sql]
            )
        )
    }

    private var uniqueIndex: String? {
        let notNull = Set(columns.filter(\.isNotNull).map(\.number))
        return keys.filter(\.isImmediate).first { $0.columns.allSatisfy(notNull.contains) }?.index
    }

    private var logNote: String? {
        var notes: [String] = []
        if table.replicaIdentity == .full {
            notes.append("REPLICA IDENTITY FULL: every update writes the whole old row to the log.")
        }
        if server.version < 100_000 {
            notes.append(
                "Before Postgres 10 the server needs the plugin wal2json; whether it is installed shows when the slot is made."
            )
        }
        return sentences(notes)
    }

    /// Why the log of this server cannot be read by this user, whatever the table.
    static func serverObstacle(_ server: ServerFacts) -> Eligibility? {
        if let floor = brokenBelow(server.version) {
            return .unusable(
                reason: "Logical decoding of Postgres \(server.versionText) may lose or repeat changes (BUG #15114).",
                remedy: Remedy("Update the server to \(floor) or a later release of its branch.")
            )
        }
        guard server.host != .heroku else {
            return .unusable(
                reason: "Heroku Postgres gives no user the right to replicate.",
                remedy: Remedy("Use TRIGGER_BASED, which needs no such right.")
            )
        }
        if server.isPooled {
            return .unusable(
                reason: "A pooler such as PgBouncer stands between, which does not send the log.",
                remedy: server.host.poolerRemedy
            )
        }
        if server.isStandby, server.version < 160_000 {
            return .unusable(
                reason: "This is a standby, and standbys decode their log since Postgres 16 only.",
                remedy: Remedy("Connect to the primary.")
            )
        }
        if let level = server.settings["wal_level"], level != "logical" {
            return .unusable(reason: "wal_level is \(level), and not logical.", remedy: server.host.logicalLogRemedy)
        }
        if !server.mayReplicate {
            return .unusable(
                reason: "The user \"\(server.user)\" does not have the right permissions for replication.",
                remedy: server.host.replicationRemedy(server.user)
            )
        }
        for setting in ["max_replication_slots", "max_wal_senders"] where server.number(setting) == 0 {
            return .unusable(
                reason: "\(setting) is 0.",
                remedy: Remedy("Set \(setting) to 10 and restart the server.")
            )
        }
        return nil
    }

    /// The first release of a branch that is free of BUG #15114, for those before it.
    static func brokenBelow(_ version: Int) -> String? {
        let floors = [
            (90_421, "9.4.21"), (90_516, "9.5.16"), (90_612, "9.6.12"), (100_007, "10.7"), (110_002, "11.2"),
            (120_000, "12.0"),
        ]
        func branch(_ version: Int) -> Int { version >= 100_000 ? version / 10_000 : version / 100 }
        return floors.first { branch($0.0) == branch(version) && version < $0.0 }?.1
    }
}
