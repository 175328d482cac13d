/// Removes what notes changes. Blocks.
struct TriggerTeardown {
    let session: Session
    let notify: @Sendable (String) -> Void

    /// - Parameter syncs: Which of them are to be forgotten; what notes changes goes with the last one that reads it.
    ///   `nil` for all, and for everything.
    /// - Returns: What was removed, for people.
    func run(_ syncs: [String]?) throws -> [String] {
        guard !session.capabilities.isInRecovery else { return [] }
        let states = CaptureStates(session)
        if let syncs, try states.exists(TriggerNames.readers) {
            try session.transaction(.readWrite) {
                for sync in syncs {
                    _ = try session.query("DELETE FROM \(TriggerNames.readers) WHERE sync = $1", [sync])
                }
            }
            let others = try session.query("SELECT count(*) FROM \(TriggerNames.readers)").value
            guard others == "0" else { return [] }
        }
        var removed: [String] = []
        for state in try states.all().states.values.sorted(by: { $0.relation < $1.relation }) {
            try remove(state)
            removed.append("what noted the changes of \(Self.name(of: state))")
        }
        return try removed + removeGround()
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

    private func remove(_ state: CaptureState) throws {
        try LockPatience(session, notify).run {
            try session.transaction(.readWrite) {
                try session.execute("SET LOCAL lock_timeout = '3s'")
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
