import TandemCore
import TandemRows

/// Tells of which tables triggers note the changes already.
struct TriggerReadiness {
    private let session: Session
    private let config: PostgresConfig

    init(_ session: Session, _ config: PostgresConfig) {
        self.session = session
        self.config = config
    }

    /// `tables`, of which those that TRIGGER_BASED could follow say whether it can as they are.
    func settle(_ tables: [CatalogTable]) throws -> [CatalogTable] {
        let possible = tables.filter { if case .usable = $0.methods[.triggerBased] { true } else { false } }
        guard !possible.isEmpty else { return tables }
        if let refusal = try TriggerNames.refusal(session) {
            return tables.map { table in
                guard case .usable = table.methods[.triggerBased] else { return table }
                var table = table
                table.methods[.triggerBased] = .unusable(reason: refusal.reason, remedy: refusal.remedy)
                return table
            }
        }
        var faults: [UInt32: TriggerFault?] = [:]
        if try CaptureStates(session).exists(TriggerNames.captures) {
            let facts = try TriggerFacts.of(possible.map(\.schema.oid), session, config: config)
            faults = facts.captures.mapValues { capture in
                capture.faults.first { $0.losesChanges && $0.needsTriggers }
            }
        }
        return tables.map { table in
            guard case .usable = table.methods[.triggerBased] else { return table }
            var table = table
            if let fault = faults[table.schema.oid, default: .notSetUp] {
                let reason = "\(fault)."
                table.methods[.triggerBased] = .needsSetup(
                    reason: reason.prefix(1).uppercased() + reason.dropFirst(),
                    remedy: .setUpTriggers
                )
            }
            return table
        }
    }
}
