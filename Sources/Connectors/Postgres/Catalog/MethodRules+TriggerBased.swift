import TandemCore

extension MethodRules {
    var triggerBased: Eligibility {
        switch table.kind {
        case .view, .materializedView:
            return .unusable(
                reason: "Triggers see the changes of tables, and this is a \(table.kind.rawValue).",
                remedy: nil
            )
        case .foreignTable:
            return .unusable(reason: "Triggers do not see what changes at the foreign server.", remedy: nil)
        case .table, .partitionedTable: break
        }
        if let obstacle = obstacle ?? chosenRows ?? wrongKindForTriggers ?? missingKey { return obstacle }
        guard table.maySelect else {
            return .unusable(
                reason: "The user \"\(server.user)\" may read single columns of it only, and what triggers note is read under "
                    + "a lock that takes SELECT on the table.",
                remedy: Remedy(
                    "Grant it, and leave out columns with `columns`; or use another method.",
                    sql: ["GRANT SELECT ON \(quotedName) TO \(quotedUser)"]
                )
            )
        }
        if server.isStandby {
            return .unusable(
                reason: "This is a standby, where no trigger can be made.",
                remedy: Remedy("Connect to the primary.")
            )
        }
        guard table.isOwner || table.mayTrigger else {
            return .unusable(
                reason: "The user \"\(server.user)\" may not make triggers on it.",
                remedy: Remedy(
                    "As its owner \"\(table.owner)\" or an administrator, grant it.",
                    sql: ["GRANT TRIGGER ON \(quotedName) TO \(quotedUser)"]
                )
            )
        }
        guard server.mayCreateNotes else {
            let database = SQL.identifier(server.database)
            return .unusable(
                reason: "The user \"\(server.user)\" may not create the table that triggers write to.",
                remedy: Remedy(
                    "As the database's owner, let it make a schema of its own; or use the one that is there.",
                    sql: [
                        server.hasNotesSchema
                            ? "GRANT USAGE, CREATE ON SCHEMA \(TriggerNames.schema) TO \(quotedUser)"
                            : "GRANT CREATE ON DATABASE \(database) TO \(quotedUser)"
                    ]
                )
            )
        }
        return .usable(note: "Every change then writes one row more, in the application's own transaction.")
    }

    private var wrongKindForTriggers: Eligibility? {
        if table.kind == .partitionedTable, server.version < 110_000 {
            return .unusable(
                reason: "Before Postgres 11 a partitioned table has no triggers for its rows.",
                remedy: nil
            )
        }
        if table.isHypertable {
            return .unusable(reason: "Triggers do not see all changes of a TimescaleDB hypertable.", remedy: nil)
        }
        if let part = table.foreignPart {
            return .unusable(
                reason: "Its partition \(part) is a foreign table, whose changes no trigger here sees.",
                remedy: nil
            )
        }
        guard table.isUnlogged || table.unloggedPart != nil else { return nil }
        let sql = server.version >= 90_500 && table.isUnlogged ? ["ALTER TABLE \(quotedName) SET LOGGED"] : []
        return .unusable(
            reason: "An unlogged table is emptied by a crash of the server, which no trigger sees.",
            remedy: Remedy("As its owner \"\(table.owner)\", make it logged, which rewrites it.", sql: sql)
        )
    }

    private var missingKey: Eligibility? {
        let usable = Set(columns.filter { $0.maySelect && $0.isNotNull }.map(\.number))
        guard let key = KeyCandidate.best(of: keys, usable: usable) else {
            return .unusable(
                reason: "It has no key by which triggers could note which rows change.",
                remedy: Remedy(
                    "Add a primary key, or a unique index over columns that are NOT NULL, which this user may SELECT."
                )
            )
        }
        let hasList = columns.contains { key.columns.contains($0.number) && $0.typeName.hasSuffix("[]") }
        return hasList ? .unusable(reason: "Its key has an array, which the log cannot hold.", remedy: nil) : nil
    }
}
