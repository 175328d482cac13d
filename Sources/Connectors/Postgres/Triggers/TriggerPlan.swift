import TandemRows

/// Compares what notes a table's changes with what should, and writes the statements that make it so. Pure.
struct TriggerPlan: Sendable {
    let table: TriggerTable
    /// `nil` where there is nothing yet.
    var state: CaptureState?
    /// Triggers of our names that call another table's function: from a restored dump, or from before the table became
    /// a partition.
    var strangers: [CaptureState.Trigger] = []
    /// Where the log is not to be written to any more.
    var limit: ByteSize?
    /// Who is to own what is made, where that is not the one who makes it. Without the quotes.
    var owner: String?

    /// - Parameter states: All that there is of the table, and of what has triggers on it or its parts.
    init(table: TriggerTable, states: CaptureStates.Found, limit: ByteSize? = nil, owner: String? = nil) {
        (self.table, self.limit, self.owner) = (table, limit, owner)
        state = states[table.relation]
        let places = [table.relation] + table.parts.map(\.number)
        strangers = places.flatMap { place in
            states.triggers(on: place).filter { $0.capture != table.relation }.map(\.trigger).filter {
                $0.kind != nil
            }
        }
    }

    /// Whether triggers can be enabled for what is replicated to the server, too.
    var setsAlways: Bool { table.isOwner }

    private var function: CaptureFunction { CaptureFunction(table: table, limit: limit) }

    // MARK: What is wrong

    /// Empty where every change is noted.
    var faults: [TriggerFault] {
        guard let state, state.record != nil || state.log != nil || state.source != nil || !state.triggers.isEmpty
        else { return [.notSetUp] }
        var faults: [TriggerFault] = []
        if state.record == nil { faults.append(.unlisted) }
        if state.log == nil || state.log != state.record?.log { faults.append(.logGone) }
        if state.log != nil, state.logTypes != table.key.map({ $0.logType + "[]" }) || hasOtherKey(state) {
            faults.append(.otherKey)
        }
        if let record = state.record, record.isByRow != table.isByRow { faults.append(.otherLevel) }
        if let fault = functionFault(state) { faults.append(fault) }
        return faults + triggerFaults(state)
    }

    private func hasOtherKey(_ state: CaptureState) -> Bool {
        state.record.map { $0.keyNumbers != table.key.map(\.number) } ?? false
    }

    private func functionFault(_ state: CaptureState) -> TriggerFault? {
        guard let source = state.source else { return .functionGone }
        guard let log = state.log, source != function.source(log: log) || !state.runsAsOwner else { return nil }
        // As it was made, though for another log, key or version.
        guard state.sourceSum == state.record?.source, state.runsAsOwner else { return .functionChanged }
        return .functionOutdated
    }

    private func triggerFaults(_ state: CaptureState) -> [TriggerFault] {
        places.flatMap { place in
            var isReplicaNoted = true
            var faults = place.triggers.compactMap { kind -> TriggerFault? in
                let found = state.triggers.first { $0.relation == place.number && $0.kind == kind }
                guard let found else {
                    let isPart = place.number != table.relation && kind == .truncate
                    if isPart { return .partUnwatched(place.name) }
                    guard kind == .replica, !setsAlways || isEarlier(state) else {
                        return .triggerGone(kind.name(for: table.relation), on: place.name)
                    }
                    isReplicaNoted = false
                    return nil
                }
                guard found.fires else { return .triggerDisabled(found.name, on: place.name) }
                if kind.firing != nil, !found.firesForReplicas { isReplicaNoted = false }
                return nil
            }
            if !isReplicaNoted {
                faults.append(.replicaUnnoted(on: place.name, isFed: table.isFed, isMine: setsAlways))
            }
            return faults
        }
    }

    /// Whether it was made by a version that had no trigger for what is replicated.
    private func isEarlier(_ state: CaptureState) -> Bool { state.record.map { $0.version < 3 } ?? false }

    /// What there has to be where: the triggers for rows on a partitioned table are on its partitions by themselves.
    private var places: [(number: UInt32, name: TableName, triggers: [NoteTrigger])] {
        let needed = NoteTrigger.needed(byRow: table.isByRow)
        return [(table.relation, table.name, needed)] + table.parts.map { ($0.number, $0.name, needed) }
    }

    // MARK: The statements

    /// What makes it so; empty where nothing has to be done. They belong into one transaction, whose locks on the table
    /// are taken by the last of them.
    var statements: [String] {
        let faults = faults.filter(\.isMendable)
        guard !faults.isEmpty else { return [] }
        let isNew = faults == [.notSetUp]
        var steps = isNew ? [] : removal(faults)
        let hasLog = !isNew && state?.log != nil && !faults.contains(.otherKey)
        if !hasLog { steps += logSteps }
        if !hasLog || state?.source == nil || functionFault(state ?? CaptureState(relation: table.relation)) != nil {
            steps += functionSteps
        }
        steps += listing
        if !isNew, faults.contains(where: \.losesChanges) { steps.append(gap(because: faults)) }
        return steps + strangerSteps + triggerSteps(faults)
    }

    /// Those on a partitioned table take those on its partitions along.
    private var strangerSteps: [String] {
        strangers.compactMap { stranger in
            places.first { $0.number == stranger.relation }.map {
                "DROP TRIGGER IF EXISTS \(stranger.name) ON \(SQL.name($0.name))"
            }
        }
    }

    private var quotedTable: String { SQL.name(table.name) }
    private var log: String { TriggerNames.log(table.relation) }
    private var functionName: String { TriggerNames.function(table.relation) + "()" }

    /// Of a log that cannot hold the present key.
    private func removal(_ faults: [TriggerFault]) -> [String] {
        faults.contains(.otherKey) ? ["DROP TABLE IF EXISTS \(log)"] : []
    }

    private var logSteps: [String] {
        let names = table.key.indices.map(TriggerNames.keyColumn)
        let columns = zip(names, table.key).map { "\($0) \($1.logType)[]" }.joined(separator: ", ")
        let storage = names.map { "ALTER \($0) SET STORAGE EXTERNAL" }.joined(separator: ", ")
        return [
            """
            CREATE TABLE \(log) (xid bigint NOT NULL, kind "char" NOT NULL, \(columns))
              WITH (autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_scale_factor = 0,
                toast.autovacuum_vacuum_threshold = 10000, toast.autovacuum_vacuum_scale_factor = 0)
            """,
            // To compress many keys costs more than to write them.
            "ALTER TABLE \(log) \(storage)",
            "REVOKE ALL ON \(log) FROM PUBLIC",
        ] + owned("TABLE \(log)")
    }

    private var functionSteps: [String] {
        [function.statement, "REVOKE ALL ON FUNCTION \(functionName) FROM PUBLIC"] + owned("FUNCTION \(functionName)")
    }

    private func owned(_ object: String) -> [String] {
        owner.map { ["ALTER \(object) OWNER TO \(SQL.identifier($0))"] } ?? []
    }

    private var listing: [String] {
        let numbers = table.key.map { String($0.number) }.joined(separator: ",")
        let names = table.key.map { SQL.literal($0.name) }.joined(separator: ", ")
        let made = "FROM pg_catalog.pg_proc WHERE oid = '\(functionName)'::regprocedure"
        guard state?.record != nil else {
            return [
                """
                INSERT INTO \(TriggerNames.captures) (relation, schema_name, table_name, key_columns, key_names, key_index,
                    log, is_by_row, version, source, made)
                  SELECT \(table.relation), \(SQL.literal(table.name.schema)), \(SQL.literal(table.name.table)),
                    '{\(numbers)}', ARRAY[\(names)], \(table.keyIndex), '\(log)'::regclass, \(table.isByRow),
                    \(CaptureFunction.version), md5(prosrc), now()
                  \(made)
                """
            ]
        }
        return [
            """
            UPDATE \(TriggerNames.captures) SET schema_name = \(SQL.literal(table.name.schema)),
                table_name = \(SQL.literal(table.name.table)), key_columns = '{\(numbers)}', key_names = ARRAY[\(names)],
                key_index = \(table.keyIndex), log = '\(log)'::regclass, is_by_row = \(table.isByRow),
                version = \(CaptureFunction.version), source = (SELECT md5(prosrc) \(made)), made = now()
              WHERE relation = \(table.relation)
            """
        ]
    }

    private func gap(because faults: [TriggerFault]) -> String {
        let reason = faults.filter(\.losesChanges).map(\.description).joined(separator: "; ")
        let text = SQL.literal("Before it was set up again, " + reason + ".")
        return "INSERT INTO \(TriggerNames.gaps) VALUES (\(table.relation), \(text), txid_current(), now(), false)"
    }

    private func triggerSteps(_ faults: [TriggerFault]) -> [String] {
        let others = NoteTrigger.allCases.filter { !NoteTrigger.needed(byRow: table.isByRow).contains($0) }
        var steps: [String] = []
        let existing = state?.triggers ?? []
        for other in existing where other.relation == table.relation && other.kind.map(others.contains) ?? false {
            steps.append("DROP TRIGGER \(other.name) ON \(quotedTable)")
        }
        for place in places {
            let name = SQL.name(place.name)
            let isRoot = place.number == table.relation
            for trigger in place.triggers {
                let found = existing.first { $0.relation == place.number && $0.kind == trigger }
                let called = found?.name ?? trigger.name(for: table.relation)
                // Nobody but the owner could have it fire where it is to.
                if trigger == .replica, !setsAlways { continue }
                // Rows' triggers come to partitions with the root's.
                if found == nil, isRoot || trigger == .truncate {
                    steps.append(
                        """
                        CREATE TRIGGER \(called) \(trigger.events) ON \(name)
                          \(trigger.level) EXECUTE PROCEDURE \(functionName)
                        """
                    )
                    if !isRoot, trigger == .truncate, state?.record != nil { steps.append(truncated(place.number)) }
                }
                if setsAlways, let firing = trigger.firing {
                    guard found.map({ $0.enabled != firing.rawValue }) ?? true else { continue }
                    steps.append("ALTER TABLE \(name) \(firing.clause) TRIGGER \(called)")
                } else if let found, !found.fires {
                    steps.append("ALTER TABLE \(name) ENABLE TRIGGER \(called)")
                }
            }
        }
        return steps
    }

    /// A partition that was never truncated or rewritten lies where it was made; now that it has its trigger, what
    /// was done before can be told.
    private func truncated(_ part: UInt32) -> String {
        """
        INSERT INTO \(TriggerNames.gaps)
          SELECT \(table.relation), 'A partition was truncated or rewritten before a trigger could note it.',
            txid_current(), now(), false
          FROM pg_catalog.pg_class
          WHERE oid = \(part) AND relkind = 'r' AND pg_catalog.pg_relation_filenode(oid) <> oid
        """
    }
}

/// What is made once, whatever is captured. Pure.
struct TriggerGround: Sendable {
    var hasSchema: Bool
    /// Names of the shared tables that are there.
    var tables: Set<String>
    /// Whether an earlier version made the one of readers.
    var lacksGiven = false
    /// Whether the owner may not use it.
    var lacksSchema = false
    var owner: String?

    var statements: [String] {
        let to = owner.map { " OWNER TO \(SQL.identifier($0))" }
        var steps = hasSchema ? [] : ["CREATE SCHEMA \(TriggerNames.schema)"]
        if !hasSchema, let to { steps.append("ALTER SCHEMA \(TriggerNames.schema)\(to)") }
        if lacksSchema, let owner {
            steps.append("GRANT USAGE, CREATE ON SCHEMA \(TriggerNames.schema) TO \(SQL.identifier(owner))")
        }
        for table in TriggerNames.shared where !tables.contains(table.name) {
            steps.append("CREATE TABLE \(table.name) (\(table.columns))")
            steps.append("REVOKE ALL ON \(table.name) FROM PUBLIC")
            if let to { steps.append("ALTER TABLE \(table.name)\(to)") }
        }
        if lacksGiven { steps.append("ALTER TABLE \(TriggerNames.readers) ADD COLUMN given text") }
        return steps
    }
}
