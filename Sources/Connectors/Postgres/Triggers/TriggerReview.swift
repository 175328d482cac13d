import TandemCore
import TandemRows

/// What is to be said of what notes changes at a server. Pure.
struct TriggerReview: Sendable {
    /// A line of `tandem.readers`.
    struct Reader: Sendable {
        var sync: String
        /// Seconds since it was there last.
        var silence: Double
    }

    let facts: TriggerFacts
    let states: [UInt32: CaptureState]
    let readers: [Reader]
    /// The bytes of each log.
    let sizes: [UInt32: UInt64]
    /// The tables that syncs select, and the names of the syncs.
    let wanted: Set<TableName>
    let syncs: [String]
    let project: String
    let limit: ByteSize

    /// After as much time a reader is one that keeps the logs from being cleaned.
    private static let patience = 3 * 86_400.0

    var findings: [Finding] {
        facts.captures.values.sorted { $0.relation < $1.relation }.flatMap(findings) + readers.compactMap(finding)
    }

    private func findings(of capture: TriggerFacts.Capture) -> [Finding] {
        guard let name = capture.name, wanted.contains(name) else { return [leftover(capture)] }
        let subject = "triggers on \(name)"
        var findings = capture.faults.map { finding($0, of: name, subject) }
        findings += capture.gaps.prefix(3).map {
            Finding(
                .warning,
                subject,
                "Not all changes could be noted: \($0)",
                remedy: Remedy("The next run copies the table again.")
            )
        }
        let size = ByteSize(sizes[capture.relation] ?? 0)
        if size.bytes > limit.bytes {
            findings.append(
                Finding(
                    .warning,
                    subject,
                    "The log has grown to \(size), beyond max_log (\(limit)): it is cleaned by runs of every sync that reads it.",
                    remedy: Remedy("Run the sync; or, if it is not used any more, `tandem teardown`.")
                )
            )
        }
        guard findings.isEmpty else { return findings }
        return [Finding(.ok, subject, "They note every change; the log has \(size).")]
    }

    private func finding(_ fault: TriggerFault, of name: TableName, _ subject: String) -> Finding {
        let text = fault.description
        let message = text.prefix(1).uppercased() + text.dropFirst() + "."
        let setup = Remedy("Run `tandem setup` with --method TRIGGER_BASED --apply for this connection.")
        switch fault {
        case .triggerDisabled(let trigger, let table):
            let clause = NoteTrigger(name: trigger)?.firing?.clause ?? "ENABLE"
            return Finding(
                .error,
                subject,
                message,
                remedy: Remedy(
                    "Enable it, as the table's owner; the table is then copied again.",
                    sql: ["ALTER TABLE \(SQL.name(table)) \(clause) TRIGGER \(SQL.identifier(trigger))"]
                )
            )
        case .replicaUnnoted(_, let isFed, let isMine):
            return Finding(
                isFed ? .error : .warning,
                subject,
                message,
                remedy: isMine ? setup : .setUpAsOwner
            )
        case .functionOutdated, .partUnwatched:
            return Finding(.note, subject, message, remedy: setup)
        default: return Finding(.error, subject, message, remedy: setup)
        }
    }

    private func leftover(_ capture: TriggerFacts.Capture) -> Finding {
        let state = states[capture.relation] ?? CaptureState(relation: capture.relation)
        let name = capture.name?.description ?? TriggerTeardown.name(of: state)
        return Finding(
            .warning,
            "triggers on \(name)",
            "No sync of this configuration selects the table, or it has no key any more; its log has "
                + "\(ByteSize(sizes[capture.relation] ?? 0)) and grows with every change.",
            remedy: Remedy(
                "If no other installation reads it, remove what notes its changes.",
                sql: TriggerTeardown.statements(for: capture.relation, isListed: state.record != nil)
            )
        )
    }

    private func finding(_ reader: Reader) -> Finding? {
        let isKnown = syncs.contains { TriggerReader.isName(reader.sync, of: $0, in: project) }
        // Another project's is none of ours while it reads.
        guard !isKnown && !TriggerReader.isOfProject(reader.sync) || reader.silence > Self.patience else { return nil }
        let days = Int(reader.silence / 86_400)
        return Finding(
            .warning,
            "reader \(reader.sync)",
            isKnown
                ? "The sync has not read what triggers note for \(days) days, and it is kept until it has."
                : "There is no such sync in this configuration, and what triggers note is kept until it has read it "
                    + "(\(days) days ago it did).",
            remedy: Remedy(
                isKnown ? "Run it, or remove it." : "If no other installation has it, forget it.",
                sql: ["DELETE FROM \(TriggerNames.readers) WHERE sync = \(SQL.literal(reader.sync))"]
            )
        )
    }
}

extension TriggerReview {
    /// Asks `session`. `nil` where nothing was ever made.
    static func read(
        _ session: Session,
        wanted: [TableName],
        syncs: [String],
        project: String,
        config: PostgresConfig
    ) throws -> Self? {
        try session.transaction(.snapshot) {
            let reading = CaptureStates(session)
            let found = try reading.all()
            let states = found.states
            let hasReaders = try reading.exists(TriggerNames.readers)
            guard !states.isEmpty || hasReaders else { return nil }
            var readers: [Reader] = []
            if hasReaders {
                let question = "SELECT sync, extract(epoch FROM pg_catalog.now() - seen) FROM \(TriggerNames.readers)"
                readers = try session.query(question).rows.compactMap { row in
                    guard let sync = row[0] else { return nil }
                    return Reader(sync: sync, silence: row[1].flatMap { Double($0) } ?? 0)
                }
            }
            var sizes: [UInt32: UInt64] = [:]
            for state in states.values where state.log != nil {
                let question = "SELECT pg_catalog.pg_total_relation_size(\(state.log ?? 0)::pg_catalog.oid)"
                sizes[state.relation] = try session.query(question).value.flatMap { UInt64($0) }
            }
            return Self(
                facts: try TriggerFacts.all(session, config: config),
                states: states,
                readers: readers,
                sizes: sizes,
                wanted: Set(wanted),
                syncs: syncs,
                project: project,
                limit: config.maxNotes ?? .standard
            )
        }
    }
}
