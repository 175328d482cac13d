import TandemCore

/// Removes what notes changes for some syncs, as far as no other reads it. Blocks.
struct TriggerTeardown {
    let session: Session
    let notify: @Sendable (String) -> Void

    /// - Parameters:
    ///   - records: What destinations remember of the syncs that are to be torn down.
    ///   - place: This database.
    func run(_ records: [SourceRecord], at place: String, _ teardown: inout SourceTeardown) throws {
        guard !session.capabilities.isInRecovery else { return }
        let states = CaptureStates(session)
        let readers = records.flatMap { Self.readers($0, place) }
        var others: [String] = []
        var reads: [String: Set<UInt32>] = [:]
        if try states.exists(TriggerNames.readers) {
            if try states.exists(TriggerNames.reading) { reads = try reading() }
            try forget(readers)
            others = try session.query("SELECT sync FROM \(TriggerNames.readers) ORDER BY sync").rows
                .compactMap { $0.first ?? nil }
        }
        teardown.gone += records.flatMap(\.made).filter { $0.kind == .reader && $0.place == place }
        // One of an earlier version may read any table.
        let isUnsure = others.contains { reads[$0] == nil }
        let kept = others.reduce(into: Set<UInt32>()) { $0.formUnion(reads[$1] ?? []) }
        let own = readers.reduce(into: Set<UInt32>()) { $0.formUnion(reads[$1] ?? []) }
        let all = try states.all().states.values.sorted { $0.relation < $1.relation }
        for state in all {
            guard others.isEmpty || !isUnsure && own.contains(state.relation) && !kept.contains(state.relation) else {
                teardown.left += own.contains(state.relation) || readers.isEmpty ? [Self.left(state, others)] : []
                continue
            }
            try remove(state)
            teardown.removed.append("what noted the changes of \(Self.name(of: state))")
        }
        if others.isEmpty { teardown.removed += try removeGround() }
    }

    /// The statements that remove what there is of one table. The triggers go with the function.
    static func statements(for relation: UInt32, isListed: Bool) -> [String] {
        [
            "DROP FUNCTION IF EXISTS \(TriggerNames.function(relation))() CASCADE",
            "DROP TABLE IF EXISTS \(TriggerNames.log(relation))",
        ] + (isListed ? ["DELETE FROM \(TriggerNames.captures) WHERE relation = \(relation)"] : [])
    }

    static func name(of state: CaptureState) -> String {
        guard let record = state.record else { return "the table with number \(state.relation)" }
        return record.name.joined(separator: ".")
    }

    /// What `tandem.readers` calls the sync, also if an earlier version made the line.
    private static func readers(_ record: SourceRecord, _ place: String) -> [String] {
        let known = record.made.filter { $0.kind == .reader && $0.place == place }.map(\.name)
        let isEarlier = record.streams.contains {
            $0.method == .triggerBased && TriggerIdentity($0.id)?.origin == place
        }
        return known.isEmpty && isEarlier ? [record.sync] : known
    }

    private static func left(_ state: CaptureState, _ others: [String]) -> Finding {
        Finding(
            .note,
            "triggers on \(name(of: state))",
            "They are read by \(others.map { "\"\($0)\"" }.joined(separator: ", ")), and were left."
        )
    }

    private func reading() throws -> [String: Set<UInt32>] {
        let rows = try session.query("SELECT reader, relation FROM \(TriggerNames.reading)").rows
        return rows.reduce(into: [:]) { reads, row in
            guard let reader = row[0], let relation = row[1].flatMap({ UInt32($0) }) else { return }
            reads[reader, default: []].insert(relation)
        }
    }

    private func forget(_ readers: [String]) throws {
        guard !readers.isEmpty else { return }
        let hasReading = try CaptureStates(session).exists(TriggerNames.reading)
        try session.transaction(.readWrite) {
            for reader in readers {
                _ = try session.query("DELETE FROM \(TriggerNames.readers) WHERE sync = $1", [reader])
                guard hasReading else { continue }
                _ = try session.query("DELETE FROM \(TriggerNames.reading) WHERE reader = $1", [reader])
            }
        }
    }

    private func remove(_ state: CaptureState) throws {
        try LockRetry(session, notify).run {
            try session.transaction(.readWrite) {
                try session.execute(LockRetry.timeout(locks: Set(state.triggers.map(\.relation)).count))
                for statement in Self.statements(for: state.relation, isListed: state.record != nil) {
                    try session.execute(statement)
                }
            }
        }
    }

    private func removeGround() throws -> [String] {
        try session.transaction(.readWrite) {
            try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Metadata.lock))")
            var removed: [String] = []
            for table in TriggerNames.shared where try CaptureStates(session).exists(table.name) {
                try session.execute("DROP TABLE \(table.name)")
                removed.append("table \(table.name)")
            }
            guard !removed.isEmpty, try Metadata(session).removeSchemaIfEmpty() else { return removed }
            return removed + ["schema \(TriggerNames.schema)"]
        }
    }
}
