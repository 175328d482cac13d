import TandemCore
import TandemRows

/// The statements that give a user access, and which of them are still needed. Pure.
struct SetupPlan: Sendable {
    struct Step: Sendable {
        var comment: String
        /// As it may be shown.
        var sql: String
        /// As it is run, where that is something else.
        var secretSQL: String?
        var isNeeded: Bool
        /// Whether it has to be the only statement of its transaction.
        var standsAlone = false
    }

    let user: String
    let database: String
    let host: HostType
    /// The schemas asked for. Empty for all that hold tables.
    let schemas: [String]
    /// The schemas that tables go to, if any do.
    var targets: [String] = []
    let uses: Set<SetupRequest.Use>
    let password: SetupPassword
    /// What the server said. `nil` where it could not be asked.
    let facts: SetupFacts?
    /// What following the log needs, where that is asked for.
    var log: LogSetup?
    /// What noting changes by triggers needs, where that is asked for.
    var noting: NotingSetup?

    var steps: [Step] {
        let reading = uses.contains(.reading) ? access.flatMap { [usage($0)] + select($0) + future($0) } : []
        return role + [connect] + reading + (uses.contains(.writing) ? [create] + targets.compactMap(fill) : [])
            + (log?.steps ?? [])
    }

    private var quotedUser: String { SQL.identifier(user) }

    /// The schemas to open: those asked for, known or not.
    private var access: [SchemaAccess] {
        guard let facts else { return (schemas.isEmpty ? ["public"] : schemas).map { SchemaAccess(name: $0) } }
        guard !schemas.isEmpty else { return facts.schemas }
        return facts.schemas.filter { schemas.contains($0.name) }
    }

    private var role: [Step] {
        guard facts?.roleExists != true, host != .heroku else { return [] }
        let create = "CREATE USER \(quotedUser)"
        return [
            Step(
                comment: "A user of its own, which may do nothing but what follows.",
                sql: create + password.shown,
                secretSQL: create + password.run,
                isNeeded: true
            )
        ]
    }

    private var connect: Step {
        Step(
            comment: "It may enter this database, even where not everybody may.",
            sql: "GRANT CONNECT ON DATABASE \(SQL.identifier(database)) TO \(quotedUser)",
            isNeeded: facts?.mayConnect != true
        )
    }

    private var create: Step {
        Step(
            comment: "It may make schemas: one to keep track of its copies, and those that tables go to.",
            sql: "GRANT CREATE ON DATABASE \(SQL.identifier(database)) TO \(quotedUser)",
            isNeeded: facts?.mayCreate != true
        )
    }

    /// A schema that is there already, and is another's.
    private func fill(_ target: String) -> Step? {
        let isOpen = facts.map { $0.fillable[target] } ?? (target == "public" ? false : nil)
        guard let isOpen else { return nil }
        return Step(
            comment: "It may put its copies into the schema, which is there already.",
            sql: "GRANT USAGE, CREATE ON SCHEMA \(SQL.identifier(target)) TO \(quotedUser)",
            isNeeded: !isOpen
        )
    }

    /// `name` without line ends, which would end a comment in the middle.

    private func usage(_ schema: SchemaAccess) -> Step {
        Step(
            comment: "It may look up names in the schema.",
            sql: "GRANT USAGE ON SCHEMA \(SQL.identifier(schema.name)) TO \(quotedUser)",
            isNeeded: !schema.isUsable && schema.isGrantable
        )
    }

    private func select(_ schema: SchemaAccess) -> [Step] {
        let isComplete = schema.restricted.isEmpty && schema.tables.allSatisfy(\.isGrantable)
        let missing = schema.tables.filter { !$0.isReadable && !$0.isRestricted && $0.isGrantable }
        guard !isComplete else {
            return [
                Step(
                    comment: "It may read every table and view there is. To keep some out, name those to read instead.",
                    sql: "GRANT SELECT ON ALL TABLES IN SCHEMA \(SQL.identifier(schema.name)) TO \(quotedUser)",
                    isNeeded: facts == nil || !missing.isEmpty
                )
            ]
        }
        guard !missing.isEmpty else { return [] }
        let names = missing.map { SQL.identifier(schema.name) + "." + SQL.identifier($0.name) }
        return [
            Step(
                comment: "It may read these tables; others are opened column by column, or are not ours to open.",
                sql: "GRANT SELECT ON\(SQL.list(names)) TO \(quotedUser)",
                isNeeded: true
            )
        ]
    }

    /// Default privileges belong to the role that makes a table, so each role that does needs them.
    private func future(_ schema: SchemaAccess) -> [Step] {
        let grant = "IN SCHEMA \(SQL.identifier(schema.name)) GRANT SELECT ON TABLES TO \(quotedUser)"
        guard !schema.owners.isEmpty else {
            return [
                Step(
                    comment:
                        "It may read tables made later by the role that runs this; run it as each role that makes tables.",
                    sql: "ALTER DEFAULT PRIVILEGES \(grant)",
                    isNeeded: true
                )
            ]
        }
        return schema.owners.map { owner in
            Step(
                comment:
                    "It may read tables that \"\(owner.onOneLine)\" makes later. Run it as that role, a member of it, or a superuser.",
                sql: "ALTER DEFAULT PRIVILEGES FOR ROLE \(SQL.identifier(owner)) \(grant)",
                isNeeded: !schema.openOwners.contains(owner)
                    && schema.tables.contains { $0.owner == owner && $0.isOwnedByUs }
            )
        }
    }

    // MARK: What SQL cannot do, or not from here

    var advice: [String] {
        unknownSchemas + restricted + blocked + host.setupAdvice(user: user) + (log?.advice ?? [])
            + (noting?.advice ?? [])
            + [
                "For FULL_TABLE nothing is created in this database. The user is yours; to remove it: "
                    + "DROP OWNED BY \(quotedUser); DROP USER \(quotedUser)."
            ]
    }

    private var unknownSchemas: [String] {
        guard let facts else { return [] }
        return Set(schemas).subtracting(facts.schemas.map(\.name)).sorted().map {
            "There is no schema \"\($0)\" with tables."
        }
    }

    private var restricted: [String] {
        access.flatMap { schema in
            schema.restricted.map {
                "\"\(schema.name)\".\"\($0.name)\" is open to \"\(user)\" column by column, and stays so."
            }
        }
    }

    /// What somebody else has to grant.
    var blocked: [String] {
        access.flatMap { schema -> [String] in
            var lines: [String] = []
            if !schema.isUsable, !schema.isGrantable {
                lines.append("The owner of the schema \"\(schema.name)\" has to grant USAGE on it.")
            }
            for owner in schema.owners {
                let closed = schema.tables.count {
                    $0.owner == owner && !$0.isReadable && !$0.isRestricted && !$0.isGrantable
                }
                if closed > 0 {
                    lines.append(
                        "\"\(owner)\" has to grant SELECT on its tables in the schema \"\(schema.name)\": \(closed) cannot be granted from here."
                    )
                }
                if !schema.openOwners.contains(owner),
                    !schema.tables.contains(where: { $0.owner == owner && $0.isOwnedByUs })
                {
                    lines.append(
                        "\"\(owner)\" has to alter its default privileges in the schema \"\(schema.name)\" itself."
                    )
                }
            }
            return lines
        }
    }
}
