import TandemCore
import TandemRows

extension ConnectionSetup {
    /// What it takes to follow the log for `user`. `nil` where no sync does.
    func log(_ request: SetupRequest, _ user: String, _ server: ServerFacts, in session: Session) throws -> LogSetup? {
        guard !request.following.isEmpty else { return nil }
        var config = config
        if let plugin = request.plugin.flatMap(PostgresConfig.Plugin.init(rawValue:)) { config.plugin = plugin }
        let slots = try SlotFacts.all(session)
        let sync = request.following.keys.sorted().first ?? ""
        var slot = LogReview.slotName(for: sync, slots: slots, config: config, context: context, facts: server)
        let known = slots.first { $0.name == slot }
        let plugin = LogReview.plugin(of: request.plugin == nil ? known : nil, config, session.capabilities)
        if plugin == .wal2json, config.slot == nil { slot = SlotName.handMade(in: server.database) }
        var setup = LogSetup(user: user, host: server.host, version: server.version, plugin: plugin, slot: slot)
        setup.logLevel = server.settings["wal_level"]
        setup.allowedPlugins = server.settings["output_plugin_libraries"]
        setup.mayReplicate = try mayReplicate(user, in: session)
        setup.mayAllow = !request.apply || server.isSuperuser || server.host != .selfHosted
        setup.hasSlot = slots.contains { $0.name == slot }
        if plugin == .pgoutput { setup.publications = try publications(request, slots, server, in: session) }
        return setup
    }

    private func mayReplicate(_ user: String, in session: Session) throws -> Bool {
        let question = """
            SELECT r.rolreplication OR r.rolsuper OR EXISTS (
              SELECT FROM pg_catalog.pg_roles h
              WHERE h.rolname = 'rds_replication' AND pg_catalog.pg_has_role(r.oid, h.oid, 'MEMBER'))
            FROM pg_catalog.pg_roles r WHERE r.rolname = $1
            """
        return try session.query(question, [user]).value == "t"
    }

    /// The statements that publish the tables, as far as this has to be done by somebody else than the runs.
    private func publications(
        _ request: SetupRequest,
        _ slots: [SlotFacts],
        _ server: ServerFacts,
        in session: Session
    ) throws -> [String] {
        let catalog = try CatalogReader(session).tables().map(\.catalogTable)
        return try request.following.sorted { $0.key < $1.key }.flatMap { sync, names -> [String] in
            let slot = LogReview.slotName(for: sync, slots: slots, config: config, context: context, facts: server)
            let ours = SlotName.publication(for: slot)
            let plan = PublicationPlan(
                try PublishedTable.all(catalog.filter { names.contains($0.schema.name) }, session),
                configured: config.publication,
                slot: slot,
                existing: try PublicationFacts.all(
                    config.publication.map { [$0] } ?? [ours.all, ours.appends],
                    session
                ),
                mayCreate: server.mayCreateInDatabase,
                server: session.capabilities
            )
            if let missing = plan.missing { return missing.sql }
            if !plan.left.isEmpty { return PublicationPlan.Left.sql(plan.left) }
            // Where this is the connection's own user its runs do it.
            return request.adminURL == nil ? [] : plan.script
        }
    }
}
