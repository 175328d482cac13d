import TandemCore
import TandemRows

/// What it takes to note changes by triggers: the statements, and what they cannot do.
struct NotingSetup: Sendable {
    var steps: [SetupPlan.Step] = []
    var advice: [String] = []
    /// Who is to own what is made, where that is another than who makes it.
    var owner: String?
    /// The tables that they are about.
    var relations: [UInt32] = []
}

extension ConnectionSetup {
    /// What it takes to note the changes of the tables that `request` names, for `user`. `nil` where there are none.
    func noting(_ request: SetupRequest, _ user: String, in session: Session) throws -> NotingSetup? {
        guard !request.noting.isEmpty else { return nil }
        let catalog = try CatalogReader(session).tables().filter { request.noting.contains($0.name) }
        let tables = try TriggerTables(session).read(catalog.map(\.oid))
        let states = try CaptureStates(session).all()
        // A script may be run by anybody.
        let owner = request.apply && request.adminURL == nil ? nil : user
        var setup = NotingSetup(owner: owner, relations: tables.map(\.relation))
        let ground = try TriggerGround.read(session, owner: owner).statements
        if !ground.isEmpty {
            setup.steps.append(
                SetupPlan.Step(
                    comment: "TRIGGER_BASED: a schema for what is noted, and which tables are captured.",
                    sql: ground.joined(separator: ";\n"),
                    isNeeded: true
                )
            )
        }
        for table in tables.sorted(by: { $0.name < $1.name }) {
            let statements = try TriggerSetup.statements(table, states, config, owner, in: session)
            guard !statements.isEmpty else { continue }
            setup.steps.append(Self.step(statements, of: table.name))
        }
        setup.advice = advice(request, catalog, tables)
        return setup
    }

    /// The statements of one table, in one transaction that does not keep anybody waiting.
    private static func step(_ statements: [String], of table: TableName) -> SetupPlan.Step {
        let name = "\(table)".onOneLine
        let body = ["BEGIN", LockRetry.timeout()] + statements + ["COMMIT"]
        return SetupPlan.Step(
            comment:
                "TRIGGER_BASED: what notes the keys of rows of \(name) that change. It waits \(LockRetry.attempt) ms for "
                + "those who write to it, who wait behind it meanwhile; after a \"lock timeout\", run it again.",
            sql: body.joined(separator: ";\n"),
            isNeeded: true
        )
    }

    private func advice(_ request: SetupRequest, _ catalog: [PostgresTable], _ tables: [TriggerTable]) -> [String] {
        var advice: [String] = []
        for name in request.noting where !tables.contains(where: { $0.name == name }) {
            let obstacle =
                switch catalog.first(where: { $0.name == name })?.methods[.fullTable] {
                case nil: "is not there."
                case .usable: "has no key that can be read; it needs a primary key, and SELECT on its columns."
                default: "cannot be read yet. Once it can, `tandem setup` prints its triggers, if it has a primary key."
                }
            advice.append("TRIGGER_BASED: \(name) \(obstacle)")
        }
        for table in tables where !table.isOwner {
            advice.append(
                "TRIGGER_BASED: what a subscription brings to \(table.name), or is written under "
                    + "session_replication_role = replica, is noted only if the triggers are made by its owner or a superuser."
            )
        }
        return advice + [
            "TRIGGER_BASED: every statement that changes one of these tables then writes to a log beside it. "
                + "\"tandem teardown\" removes all of it; run it before you stop using the sync, because the logs grow."
        ]
    }
}
