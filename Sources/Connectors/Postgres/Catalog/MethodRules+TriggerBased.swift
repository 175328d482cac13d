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
        if let obstacle { return obstacle }
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
        guard server.mayCreateInDatabase || server.mayCreateInSchema else {
            let database = SQL.identifier(server.database)
            return .unusable(
                reason: "The user \"\(server.user)\" may not create the table that triggers write to.",
                remedy: Remedy(
                    "As the database's owner, let it make a schema of its own.",
                    sql: ["GRANT CREATE ON DATABASE \(database) TO \(quotedUser)"]
                )
            )
        }
        return .usable(note: "Every change then writes one row more, in the application's own transaction.")
    }
}
