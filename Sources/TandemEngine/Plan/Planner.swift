package import TandemCore
package import TandemRows

/// Decides what a run will do. Touches nothing: the same input gives the same plan.
package struct Planner: Sendable {
    let sync: SyncConfiguration
    let catalog: Catalog
    let copied: [SyncedTable]
    let owners: [TableName: String]
    let copies: [TableName: String]
    let folding: NameFolding
    private let exclusions: Exclusions
    /// Methods that have turned out not to do, with the reason: `auto` passes them over.
    let ruledOut: [Method: Eligibility]

    /// - Parameters:
    ///   - copied: What the sync has put at the destination before: ``Destination/tables(of:)``.
    ///   - owners: The sync that wrote each table there: ``Destination/owners()``.
    ///   - copies: The tables of the source that are copies, each with the sync that wrote it: ``copies(in:of:)``.
    ///   - folding: ``Destination/nameFolding``.
    ///   - exclusions: With what the destination remembers of columns that were kept out.
    package init(
        sync: SyncConfiguration,
        catalog: Catalog,
        copied: [SyncedTable],
        owners: [TableName: String] = [:],
        copies: [TableName: String] = [:],
        folding: NameFolding,
        exclusions: Exclusions? = nil,
        ruledOut: [Method: Eligibility] = [:]
    ) {
        self.sync = sync
        self.catalog = Catalog(tables: catalog.tables.sorted { $0.schema.name < $1.schema.name })
        self.copied = copied
        self.owners = owners
        self.copies = copies
        self.folding = folding
        self.exclusions = exclusions ?? Exclusions(of: sync, in: nil, made: [])
        self.ruledOut = ruledOut
    }

    /// The plan of `sync` with what its two ends say now.
    ///
    /// - Parameter earlier: What other syncs will have written before it runs.
    package static func plan(
        _ sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination,
        without ruledOut: [Method: Eligibility] = [:],
        earlier: [TableName: String] = [:]
    ) async throws -> SyncPlan {
        // Each end takes its time to be reached.
        async let remembered = destination.memory(of: sync.name)
        var catalog = try await source.catalog()
        for method in Method.allCases where method.isFollowed && source.changeLog(method) == nil {
            let reason = "Changes cannot be followed from \"\(sync.from)\" to \"\(sync.to)\"."
            for index in catalog.tables.indices {
                catalog.tables[index].methods[method] = .unusable(reason: reason, remedy: nil)
            }
        }
        if source.cursorReader() == nil {
            let reason = "Rows cannot be merged from \"\(sync.from)\" into \"\(sync.to)\"."
            for index in catalog.tables.indices {
                catalog.tables[index].methods[.incremental] = .unusable(reason: reason, remedy: nil)
            }
        }
        let memory = try await remembered
        let copied = memory.tables
        let owners = memory.owners.merging(earlier) { now, _ in now }
        let copies = try await copies(in: source, of: destination)
        let made = memory.made.filter { $0.sync == sync.name }
        let tenure = SyncTenure(of: sync, made: made)
        var plan = Planner(
            sync: sync,
            catalog: catalog,
            copied: copied,
            owners: owners,
            copies: copies,
            folding: destination.nameFolding,
            exclusions: try await Exclusions(of: sync, from: source, made: made),
            ruledOut: ruledOut
        ).plan()
        plan.claim = tenure.claim
        let moves = tenure.moves(of: copied, in: plan, folding: destination.nameFolding)
        guard !copied.isEmpty, tenure.isAnothers || !moves.isEmpty else { return plan }
        let isSame = tenure.isSameSource(copied, try await source.origin())
        let departed = tenure.isAnothers ? plan.orphans.filter { $0.table != nil }.map(\.copy) : []
        guard let problem = tenure.problem(isSameSource: isSame, moves: moves, departed: departed) else { return plan }
        return SyncPlan(sync: sync.name, unfit: sync.unfitValues, tables: [], problems: [problem])
    }

    package func plan() -> SyncPlan {
        var plan = SyncPlan(sync: sync.name, unfit: sync.unfitValues, decimals: sync.numeric, tables: [])
        if sync.schedule != nil {
            plan.notes.append(
                "`schedule` starts nothing in this version; let cron or a systemd timer call `tandem run`."
            )
        }
        let names = configuredNames
        for table in catalog.tables {
            let name = names[table.schema.name] ?? table.schema.name
            let selection = TableSelection(of: name, in: sync)
            if let exclusion = selection.exclusion ?? copyReason(of: table.schema.name, selection) {
                plan.skipped.append(SkippedTable(name: table.schema.name, reason: exclusion))
            } else {
                add(table, called: name, selection, to: &plan)
            }
        }
        plan.news = exclusions.changes(to: Set(plan.excluded.values.flatMap(\.values)), of: Set(plan.excluded.keys))
        noteReserved(&plan)
        plan.problems += targetProblems(of: plan.tables)
        keepFailedCopies(&plan)
        settleDeletes(&plan)
        settleCopies(&plan)
        noteUnseenDeletes(&plan)
        checkPatterns(&plan, renamed: Set(names.values))
        checkColumnRules(&plan, names)
        settleFailures(&plan)
        if plan.tables.isEmpty, plan.problems.isEmpty, plan.failures.isEmpty {
            // What is in the way of all of them is worth saying here.
            let reasons = Set(plan.skipped.filter { $0.remedy != nil }.map { [$0.reason, $0.remedy?.text ?? ""] })
            let common = reasons.count == 1 ? plan.skipped.first { $0.remedy != nil } : nil
            plan.problems.append(
                PlanProblem(
                    line: sync.line,
                    message: "There is no table to copy: \"\(sync.from)\" has none that is selected and can be read."
                        + (common.map { " \($0.reason)" } ?? ""),
                    remedy: common?.remedy
                        ?? Remedy("See all of its tables, and why not, with \(ProgramCommand("discover", sync.from)).")
                )
            )
        }
        return plan
    }

    private func add(
        _ table: CatalogTable,
        called configured: TableName,
        _ selection: TableSelection,
        to plan: inout SyncPlan
    ) {
        let name = table.schema.name
        let excluded = exclusions.columns(of: table, called: configured, by: selection.columnRule?.columns)
        plan.excluded[table.schema.id] = excluded
        var columns = ColumnChoice(
            of: table,
            rule: selection.columnRule?.columns,
            decimals: sync.numeric,
            excluded: excluded
        )
        let cursor = CursorChoice(of: table, copying: columns.schema, selection)
        switch MethodDecision(
            selection.method,
            methods: methods(table.telling(columns.schema, of: cursor.methods(of: table)), selection.method),
            hasCursor: !selection.cursor.isEmpty,
            maySetUp: sync.autoSetup
        ) {
        case .unusable(let reason, let remedy):
            if hasCopy(table) || isEstablished && selection.naming != nil {
                plan.failures.append(
                    failure(of: table, called: configured, selection, reason: reason, remedy: remedy)
                )
            } else if let naming = selection.naming {
                plan.problems.append(
                    PlanProblem(line: naming.line, message: "\(name) cannot be copied: \(reason)", remedy: remedy)
                )
            } else {
                plan.skipped.append(SkippedTable(name: name, reason: reason, remedy: remedy, isSelected: true))
            }
        case .use(let method, let reason, let note):
            let target = selection.target(of: configured, in: sync)
            if isReserved(target), selection.target == nil, !isIntoOwnSchema, selection.naming == nil {
                plan.skipped.append(SkippedTable(name: name, reason: Self.reserved))
                return
            }
            if configured != name {
                columns.notes.append("The configuration calls it \(configured), and so is its copy.")
            }
            if let note { columns.notes.insert(note, at: 0) }
            let missing = exclusions.missing(in: table, called: configured, without: excluded)
            if !missing.isEmpty, !copied.contains(where: { $0.schema.id == table.schema.id }) {
                columns.notes.append(
                    "An earlier \(configured) had columns that `columns` kept out, and this one has none of their names: "
                        + "\(missing.joined(separator: ", ")). Exclude what holds their values now."
                )
            }
            if !selection.cursor.isEmpty, method != .incremental {
                columns.notes.append(cursor.idleNote(under: method))
            }
            if let problem = columns.problem {
                plan.problems.append(
                    PlanProblem(line: selection.columnRule?.line, message: problem, tables: [name])
                )
            }
            let rule = selection.columnRule?.columns
            if let taken = takenName(in: columns.schema) {
                plan.problems.append(
                    PlanProblem(
                        line: selection.columnRule?.line ?? sync.line,
                        message: "Column \(taken) of \(name) has the name of one that Tandem adds to its copy.",
                        remedy: Remedy("Leave it out: `{name: \(name.entry), columns: [\"!\(taken)\"]}`."),
                        tables: [name]
                    )
                )
            }
            plan.tables.append(
                TablePlan(
                    source: table,
                    target: target,
                    method: method,
                    reason: reason,
                    isAutomatic: selection.method == .auto,
                    schema: columns.schema,
                    targetNames: targetNames(of: columns.schema, notes: &columns.notes),
                    newColumns: rule ?? .every,
                    metadataColumns: sync.metadataColumns,
                    cursor: method == .incremental ? cursor.plan(comparingEvery: compareEvery) : nil,
                    notes: columns.notes
                )
            )
        }
    }

    private func methods(_ methods: [Method: Eligibility], _ choice: MethodChoice) -> [Method: Eligibility] {
        guard choice == .auto else { return methods }
        return methods.merging(ruledOut) { $1 }
    }

    private var compareEvery: Int? { sync.deletes == .compare ? sync.compareEvery : nil }

    /// A column that has the name of one of Tandem's own.
    private func takenName(in schema: TableSchema) -> String? {
        let own = Set(sync.metadataColumns.names.map(folding.fold))
        return schema.columns.first { own.contains(folding.fold($0.name)) }?.name
    }
}
