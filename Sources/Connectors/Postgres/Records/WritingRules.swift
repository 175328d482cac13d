import TandemCore
import TandemRows

/// Decides whether a table's rows can be kept in step, and by which method their changes are told.
struct WritingRules {
    let table: CatalogTable
    let facts: WritableTable?
    let keys: [KeyCandidate]
    let user: String

    var method: Method? {
        for method in [Method.logBased, .triggerBased] {
            switch table.methods[method] {
            case .usable, .needsSetup: return method
            case .unusable, nil: continue
            }
        }
        return nil
    }

    var obstacle: (reason: String, remedy: Remedy?)? {
        switch table.kind {
        case .view, .materializedView, .foreignTable:
            return ("It is a \(table.kind.rawValue), whose rows are kept elsewhere.", nil)
        case .table, .partitionedTable: break
        }
        if case .unusable(let reason, let remedy) = table.methods[.fullTable] { return (reason, remedy) }
        guard let facts else { return ("It was dropped while the catalog was read.", nil) }
        let name = SQL.name(table.schema.name)
        if facts.hidesRows {
            let remedy = "As a superuser, let this user see all rows: ALTER ROLE \(SQL.identifier(user)) BYPASSRLS."
            return ("Policies choose the rows that the user \"\(user)\" may see and write.", Remedy(remedy))
        }
        if facts.isInherited {
            return ("It is part of an inheritance tree, whose rows nothing tells apart as a whole.", nil)
        }
        if facts.hasRules { return ("It has rules, which make other statements of those that write to it.", nil) }
        if !facts.missing.isEmpty {
            let list = facts.missing.joined(separator: ", ")
            return (
                "The user \"\(user)\" has no \(list) on it.",
                Remedy(
                    "As its owner or an administrator, grant it.",
                    sql: ["GRANT \(list) ON \(name) TO \(SQL.identifier(user))"]
                )
            )
        }
        return keyObstacle ?? methodObstacle
    }

    private var keyObstacle: (reason: String, remedy: Remedy?)? {
        let schema = table.schema
        let key = schema.identity.map { schema.columns[$0] }
        guard !key.isEmpty else {
            let remedy = "Give it a primary key, or a unique index over columns that are NOT NULL."
            return ("Nothing tells its rows apart.", Remedy(remedy))
        }
        let isUsable = key.allSatisfy { column in
            switch column.type {
            case .list, .interval, .json: false
            default: true
            }
        }
        let numbers = key.map(\.id.number)
        let isExact = keys.contains { $0.isExact && $0.columns == numbers }
        guard isUsable, isExact else {
            let columns = key.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return (
                "Its key (\(columns)) takes values for equal that are written differently.",
                Remedy("Add a unique index over NOT NULL columns of plain types, such as integer, text or uuid.")
            )
        }
        return nil
    }

    private var methodObstacle: (reason: String, remedy: Remedy?)? {
        guard method == nil else { return nil }
        for method in [Method.triggerBased, .logBased] {
            if case .unusable(let reason, let remedy) = table.methods[method] { return (reason, remedy) }
        }
        return ("Its changes cannot be told.", nil)
    }
}
