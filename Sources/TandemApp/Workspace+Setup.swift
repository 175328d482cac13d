package import TandemCore
import TandemEngine
import TandemRows

/// What a setup is to cover, and whether to do it.
package struct SetupOrder: Sendable {
    /// LOG_BASED or TRIGGER_BASED: what that takes, too. As the syncs say where `nil`.
    package var method: Method?
    /// What is to decode the log.
    package var plugin: String?
    /// Whether the SQL has the connection's password, and not a placeholder.
    package var showPassword: Bool
    /// Whether to run the SQL.
    package var apply: Bool
    /// The administrator to run it as, and to look at the database with; the connection's user where `nil`.
    package var adminURL: String?

    package init(
        method: Method? = nil,
        plugin: String? = nil,
        showPassword: Bool = false,
        apply: Bool = false,
        adminURL: String? = nil
    ) {
        self.method = method
        self.plugin = plugin
        self.showPassword = showPassword
        self.apply = apply
        self.adminURL = adminURL
    }
}

extension Workspace {
    /// The SQL that an administrator runs so that a connection can be used as the syncs use it; run here where `order`
    /// says so.
    package func setup(_ connection: String, _ order: SetupOrder) async throws -> SetupScript {
        try await withSource(connection) { source in
            let needs = SetupNeeds(connection: connection, order: order, workspace: self)
            return try await source.setup(needs.request(of: source))
        }
    }
}

/// What the syncs need of one connection.
private struct SetupNeeds {
    let connection: String
    let order: SetupOrder
    let workspace: Workspace

    func request(of source: any Source) async -> SetupRequest {
        SetupRequest(
            schemas: await schemas(of: source),
            targets: await targets(),
            uses: uses,
            following: await following(of: source),
            noting: await noting(of: source),
            plugin: order.plugin,
            showPassword: order.showPassword,
            apply: order.apply,
            adminURL: order.adminURL
        )
    }

    /// What the syncs do with the connection; reading, where none uses it.
    private var uses: Set<SetupRequest.Use> {
        let syncs = workspace.configuration.syncs
        let isWritten = syncs.contains { $0.to == connection }
        let isRead = syncs.contains { $0.from == connection } || !isWritten
        return Set(SetupRequest.Use.allCases.filter { $0 == .reading ? isRead : isWritten })
    }

    /// By sync, the tables whose changes are to be followed, also those that the user may not read yet.
    private func following(of source: any Source) async -> [String: [TableName]] {
        let syncs = workspace.configuration.syncs.filter { $0.from == connection }
        let isAsked = order.method == .logBased
        guard isAsked || order.method == nil else { return [:] }
        let catalog = try? await source.catalog()
        let kinds = Dictionary((catalog?.tables ?? []).map { ($0.schema.name, $0.kind) }) { first, _ in first }
        var following: [String: [TableName]] = [:]
        for sync in syncs where isAsked || sync.asks(for: .logBased) {
            var names: [TableName] = []
            if let catalog {
                let plan = await workspace.plan(sync, reading: catalog, of: source)
                names = plan.tables.filter { isAsked || $0.method == .logBased }.map(\.schema.name)
                names += plan.skipped.filter {
                    $0.remedy != nil && (isAsked || sync.asks(for: .logBased, of: $0.name))
                }.map(\.name)
            }
            following[sync.name] = names.filter { kinds[$0] == .table || kinds[$0] == .partitionedTable }
        }
        // Asked for a connection that no sync reads from.
        return following.isEmpty && isAsked ? [connection: []] : following
    }

    /// The tables whose changes are to be noted by triggers: where that is asked for, all that a sync selects.
    private func noting(of source: any Source) async -> [TableName] {
        let isAsked = order.method == .triggerBased
        guard isAsked || order.method == nil else { return [] }
        let syncs = workspace.configuration.syncs.filter { $0.from == connection }
        guard let catalog = try? await source.catalog() else {
            if isAsked || syncs.contains(where: { $0.asks(for: .triggerBased) }) {
                workspace.notify(
                    .leftOut("TRIGGER_BASED: the triggers come with a second `tandem setup`, once the user can log in.")
                )
            }
            return []
        }
        var names: [TableName] = []
        for sync in syncs {
            var sync = sync
            // As if they were there already.
            sync.autoSetup = true
            let plan = await workspace.plan(sync, reading: catalog, of: source)
            let chosen = plan.tables.filter { isAsked || $0.method == .triggerBased }.map(\.schema.name)
            let skipped = plan.skipped.filter {
                $0.remedy != nil && (isAsked || sync.asks(for: .triggerBased, of: $0.name))
            }.map(\.name)
            names += (chosen + skipped).filter { !names.contains($0) }
        }
        let kinds = Dictionary(catalog.tables.map { ($0.schema.name, $0.kind) }) { first, _ in first }
        return names.filter { kinds[$0] == .table || kinds[$0] == .partitionedTable }
    }

    /// The schemas that syncs put their tables into here, as far as their sources can be asked.
    private func targets() async -> [String] {
        var schemas: Set<String> = []
        for sync in workspace.configuration.syncs where sync.to == connection {
            guard let source = try? workspace.source(sync.from) else { continue }
            if let catalog = try? await source.catalog() {
                let plan = await workspace.plan(sync, reading: catalog, of: source)
                schemas.formUnion(plan.tables.map(\.target.schema))
            }
            await source.close()
        }
        return schemas.sorted()
    }

    /// The schemas the syncs read from, or none for all, where the user may not see them yet.
    private func schemas(of source: any Source) async -> [String] {
        let syncs = workspace.configuration.syncs.filter { $0.from == connection }
        guard !syncs.isEmpty, let catalog = try? await source.catalog() else { return [] }
        var schemas: Set<String> = []
        for sync in syncs {
            schemas.formUnion(await workspace.plan(sync, reading: catalog, of: source).tables.map(\.schema.name.schema))
        }
        return schemas.sorted()
    }
}

extension SyncConfiguration {
    /// Whether the sync or one of its rules names `method`.
    func asks(for method: Method) -> Bool {
        self.method == .fixed(method) || tables.contains { $0.method == .fixed(method) }
    }
}
