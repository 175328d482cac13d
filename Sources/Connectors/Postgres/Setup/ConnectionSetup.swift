import CLibPQ
package import TandemCore

/// Answers `tandem setup` for one connection.
package struct ConnectionSetup: Sendable {
    let config: PostgresConfig
    let context: ConnectionContext

    package init(_ config: PostgresConfig, in context: ConnectionContext) {
        self.config = config
        self.context = context
    }

    /// The statements that let the connection's user do its work; run, if `request` says so, all in one transaction.
    ///
    /// Without being run they do not need the server: where it cannot be asked, nothing is left out as done already.
    ///
    /// - Throws: ``PostgresError`` where they were to be run.
    package func script(_ request: SetupRequest) async throws -> SetupScript {
        let connection = Connection(administrator(request), in: context)
        do {
            let script = try await connection.run { session in
                request.apply ? try apply(request, in: session) : try write(request, in: session)
            }
            await connection.close()
            return script
        } catch let error as any ExplainedError where !request.apply {
            await connection.close()
            return blind(request, because: error)
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Who runs the statements: another user where one is named, in the same database in any case.
    private func administrator(_ request: SetupRequest) -> PostgresConfig {
        guard let url = request.adminURL else { return config }
        var admin = PostgresConfig()
        admin.url = url
        admin.database = target.database
        return admin
    }

    private func write(_ request: SetupRequest, in session: Session) throws -> SetupScript {
        let plan = try session.transaction(.snapshot) { try self.plan(request, in: session) }
        return script(plan, steps: plan.steps + (plan.noting?.steps ?? []))
    }

    private func apply(_ request: SetupRequest, in session: Session) throws -> SetupScript {
        var alone: [SetupPlan.Step] = []
        var noting: NotingSetup?
        let script = try session.transaction(.readWrite) {
            let plan = try plan(request, in: session)
            let needed = plan.steps.filter(\.isNeeded)
            let together = needed.filter { !$0.standsAlone }
            for step in together { try session.execute(step.secretSQL ?? step.sql) }
            alone = needed.filter(\.standsAlone)
            noting = plan.noting
            let triggers = plan.noting?.steps ?? []
            var script = self.script(plan, steps: together + alone + triggers)
            script.applied = true
            if needed.isEmpty, triggers.isEmpty, plan.blocked.isEmpty {
                script.advice.insert("Everything was in place already; nothing was changed.", at: 0)
            }
            return script
        }
        for step in alone { try session.transaction(.readWrite) { try session.execute(step.sql) } }
        if let noting {
            var triggers = TriggerSetup(session: session, config: config, notify: context.notify)
            triggers.owner = noting.owner
            try triggers.apply(noting.relations)
        }
        return script
    }

    private func blind(_ request: SetupRequest, because error: any ExplainedError) -> SetupScript {
        let host = HostType(HostType.Signs(hostName: config.target.host))
        let plan = SetupPlan(
            user: Self.role(target.user, at: host),
            database: target.database,
            host: host,
            schemas: request.schemas,
            targets: request.targets,
            uses: request.uses,
            password: SetupPassword(try? secret, request: request),
            facts: nil,
            log: request.following.isEmpty
                ? nil
                : blindLog(request, host)
        )
        var script = script(plan, steps: plan.steps)
        let guess =
            request.schemas.isEmpty && request.uses.contains(.reading)
            ? " Its schemas are not known, so only \"public\" is here." : ""
        script.advice.insert("The server could not be asked what is needed (\(error)).\(guess)", at: 0)
        return script
    }

    private func blindLog(_ request: SetupRequest, _ host: HostType) -> LogSetup {
        let plugin = request.plugin.flatMap(PostgresConfig.Plugin.init(rawValue:)) ?? config.plugin ?? .pgoutput
        let sync = request.following.keys.sorted().first ?? ""
        let made =
            plugin == .wal2json
            ? SlotName.handMade(in: target.database)
            : SlotName.made(for: sync, of: context.syncs, in: target.database, project: context.project)
        return LogSetup(
            user: Self.role(target.user, at: host),
            host: host,
            version: 0,
            plugin: plugin,
            slot: config.slot ?? made
        )
    }

    private func plan(_ request: SetupRequest, in session: Session) throws -> SetupPlan {
        let server = try CatalogReader(session).facts()
        let user = request.adminURL == nil ? server.user : Self.role(target.user, at: server.host)
        // What is printed to be run by somebody else is not limited by what this user may grant.
        let isForAnother = !request.apply && request.adminURL == nil
        do {
            let facts = try SetupFacts(user, in: session)
            return SetupPlan(
                user: user,
                database: server.database,
                host: server.host,
                schemas: request.schemas,
                targets: request.targets,
                uses: request.uses,
                password: SetupPassword(
                    try secret,
                    request: request,
                    hashed: { session.hash($0, of: user, at: server) }
                ),
                facts: isForAnother ? facts.forAdministrator : facts,
                log: try log(request, user, server, in: session),
                noting: try noting(request, user, in: session)
            )
        } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
        }
    }

    private func script(_ plan: SetupPlan, steps: [SetupPlan.Step]) -> SetupScript {
        SetupScript(steps: steps.map { SetupScript.Step(comment: $0.comment, sql: $0.sql) }, advice: plan.advice)
    }

    /// The password that the connection itself uses.
    private var secret: String? {
        get throws { try ConnectionParameters(config, in: context).secrets.first }
    }

    /// User and database as libpq settles them where the configuration does not.
    private var target: Endpoint {
        var target = config.target
        if target.user.isEmpty { target.user = Self.standard("user") ?? "tandem" }
        if target.database.isEmpty { target.database = Self.standard("dbname") ?? target.user }
        return target
    }

    private static func standard(_ keyword: String) -> String? {
        guard let options = PQconndefaults() else { return nil }
        defer { PQconninfoFree(options) }
        var option = options
        while let name = option.pointee.keyword {
            if String(cString: name) == keyword { return option.pointee.val.map { String(cString: $0) } }
            option += 1
        }
        return nil
    }

    /// Supabase's pooler wants the project behind the user's name; the server knows the name alone.
    private static func role(_ user: String, at host: HostType) -> String {
        guard host == .supabase, let dot = user.lastIndex(of: ".") else { return user }
        return String(user[..<dot])
    }
}

extension Session {
    /// `password` as the server keeps it, so that its log does not show it. `nil` where the host wants it in clear.
    func hash(_ password: String, of user: String, at server: ServerFacts) -> String? {
        guard let connection, server.host != .neon else { return nil }
        let method = server.settings["password_encryption"] == "scram-sha-256" ? "scram-sha-256" : "md5"
        guard let hash = PQencryptPasswordConn(connection, password, user, method) else { return nil }
        defer { PQfreemem(hash) }
        return String(cString: hash)
    }
}
