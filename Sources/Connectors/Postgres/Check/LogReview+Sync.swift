import TandemCore
import TandemRows

extension LogReview {
    /// What is to be said of what one sync needs.
    func findings(of sync: String) -> [Finding] {
        let name = Self.slotName(for: sync, slots: log.slots, config: config, context: context, facts: facts)
        let slot = log.slots.first { $0.name == name }
        let server = ServerCapabilities(version: facts.version, isInRecovery: facts.isStandby)
        let plugin = Self.plugin(of: slot, config, server)
        var findings = slot.map { self.findings(of: $0) } ?? [missing(name)]
        if plugin == .wal2json, let listed = facts.settings["output_plugin_libraries"], !listed.contains("wal2json") {
            findings.append(
                Finding(
                    .error,
                    "output_plugin_libraries",
                    "The server refuses the plugin wal2json, which is not in this list: \(listed).",
                    remedy: facts.host.outputPluginRemedy
                )
            )
        }
        if plugin == .wal2json, slot == nil {
            findings.append(
                Finding(
                    .note,
                    "plugin",
                    "Whether wal2json is installed at the server shows when the slot is made.",
                    remedy: facts.host.pluginRemedy
                )
            )
        }
        if let numbers = log.numbers[sync] { findings.append(numbers.finding) }
        findings += publication(of: sync)
        findings += tables(of: sync)
        if plugin == .pgoutput, log.tables[sync]?.isEmpty == false { findings.append(Self.refusals) }
        return findings
    }

    /// What the server refuses the application because of a publication.
    private static let refusals = Finding(
        .note,
        "publication",
        "Where a followed table loses its key, or its replica identity becomes NOTHING, Postgres refuses its updates and "
            + "deletes, because it is published; and it refuses SET UNLOGGED.",
        remedy: Remedy(
            "Before a key goes: ALTER TABLE … REPLICA IDENTITY FULL. TRIGGER_BASED, or plugin: wal2json, has the server refuse nothing."
        )
    )

    private func missing(_ name: String) -> Finding {
        let subject = "slot \(name)"
        if let limit = facts.number("max_replication_slots"), log.slots.count >= limit {
            return Finding(
                .error,
                subject,
                "It has to be made, and all \(limit) slots of the server are in use.",
                remedy: Remedy(
                    "Drop one that nobody reads (each keeps log), or raise max_replication_slots and restart the server.",
                    sql: ["SELECT slot_name, active, restart_lsn FROM pg_replication_slots"]
                )
            )
        }
        return Finding(.ok, subject, "It will be made by the first run.")
    }

    private func findings(of slot: SlotFacts) -> [Finding] {
        let subject = "slot \(slot.name)"
        let drop = ["SELECT pg_drop_replication_slot(\(SQL.literal(slot.name)))"]
        if slot.database != facts.database {
            let owner = slot.database.map { "the database \"\($0)\"" } ?? "a standby"
            return [
                Finding(
                    .error,
                    subject,
                    "It belongs to \(owner).",
                    remedy: Remedy("Name another one by the setting \"slot\".")
                )
            ]
        }
        let wanted = config.plugin.flatMap { $0 == .auto ? nil : $0.rawValue } ?? slot.plugin
        if PostgresConfig.Plugin(rawValue: slot.plugin ?? "") == nil || slot.plugin != wanted {
            return [
                Finding(
                    .error,
                    subject,
                    "It was made for the plugin \(slot.plugin ?? "none"), and not for \(wanted ?? "pgoutput or wal2json").",
                    remedy: Remedy("Name another one by the setting \"slot\", or drop it.", sql: drop)
                )
            ]
        }
        let warnings = slot.warnings(limit: config.maxSlotLog ?? .standard)
        if slot.loss != nil { return warnings }
        if let pid = slot.activePID {
            let holder = slot.activeName.map { " (\($0))" } ?? ""
            return [
                Finding(
                    .warning,
                    subject,
                    "It is being read by process \(pid)\(holder): another run cannot read it meanwhile.",
                    remedy: Remedy("If that is no run of this sync, give the connection a slot of its own.")
                )
            ]
        }
        guard warnings.isEmpty else { return warnings }
        return [Finding(.ok, subject, "It is there, and keeps \(ByteSize(slot.retained ?? 0)) of log.")]
    }

    private func publication(of sync: String) -> [Finding] {
        guard let plan = log.publications[sync] else { return [] }
        guard let missing = plan.missing else {
            return plan.left.map { left in
                let reason = "Its changes cannot be followed: \(left.reason)."
                return Finding(.error, left.table.name.description, reason, remedy: PublicationPlan.remedy(left.sql))
            }
        }
        return [
            Finding(
                .error,
                "publication",
                missing.reason.prefix(1).uppercased() + missing.reason.dropFirst() + ".",
                remedy: Remedy(
                    "As a superuser, or the tables' owner, publish them; or set plugin: wal2json, which needs none.",
                    sql: missing.sql
                )
            )
        ]
    }

    private func tables(of sync: String) -> [Finding] {
        (log.tables[sync] ?? []).filter { !$0.isIdentified }.map {
            Finding(
                .warning,
                $0.name.description,
                "Nothing in the log tells its rows apart: inserts are followed, updates and deletes are not.",
                remedy: Remedy(
                    "Add a primary key, or let whole rows tell them apart.",
                    sql: ["ALTER TABLE \(SQL.name($0.name)) REPLICA IDENTITY FULL"]
                )
            )
        }
    }
}
