import TandemCore
import TandemRows

/// What it takes to follow a slot.
struct LogOpening: Sendable {
    let config: PostgresConfig
    let context: ConnectionContext
    let pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    let times: FeedTimes
    let request: StreamRequest
    let slot: String
    let start: LogCheckpoint
    let end: LSN?
    /// What may be told as confirmed before anything is.
    let kept: LSN

    /// - Throws: ``PostgresError/streamGap(_:reason:)`` where the request is not for a stream of this program.
    init(
        _ request: StreamRequest,
        config: PostgresConfig,
        context: ConnectionContext,
        pinned: (@Sendable (inout ServerCapabilities) -> Void)?,
        times: FeedTimes
    ) throws {
        guard let identity = StreamIdentity(request.start.id), let start = LogCheckpoint(request.start.checkpoint)
        else {
            throw PostgresError.streamGap(config.target, reason: "its state was not written by this version")
        }
        self.request = request
        self.config = config
        self.context = context
        self.pinned = pinned
        self.times = times
        self.start = start
        slot = identity.slot
        end = request.end.flatMap { LogCheckpoint($0)?.position }
        kept = request.keep.flatMap { LogCheckpoint($0)?.position } ?? start.position
    }

    /// Connects and starts the stream. Blocks.
    func feed(_ interruption: Interruption, _ orders: BufferingCommands) throws -> LogFeed {
        let catalog = CatalogSession(config, in: context, pinned: pinned)
        catalog.interruption = interruption
        let beside = try catalog.open()
        let capabilities = beside.capabilities
        let (plugin, readings) = try beside.transaction { try ways(beside) }
        let replication = try ReplicationSession(
            config,
            in: context,
            capabilities: capabilities,
            interruption: interruption
        )
        do {
            let timeout = try answerTime(replication, beside)
            let reading = try start(replication, beside, readings)
            let timeline = start.timeline
            let relations = RelationCatalog(version: capabilities.version) { try catalog.query($0, $1) }
            var assembler = ChangeAssembler(
                request,
                from: start.position,
                to: end,
                shown: start.last,
                catalog: relations,
                checksUTF8: !capabilities.sendsValidUTF8
            ) { LogCheckpoint($0, timeline: timeline, last: $1).checkpoint }
            if losesNumbers(reading) {
                assembler.tables.repair = LostNumberRepair(
                    catalog: relations,
                    query: { try catalog.query($0, $1) },
                    pause: { try catalog.interruption.pause(milliseconds: 10) }
                )
            }
            return LogFeed(
                replication,
                beside: catalog,
                reader: ChangeReader(
                    reading.plugin,
                    into: assembler,
                    transcoding: Transcoding(from: capabilities.serverEncoding) { try catalog.query($0, $1) }
                ),
                tables: request.tables.map(\.schema),
                start: kept,
                end: end,
                isPrompt: request.isPrompt,
                times: times,
                orders: orders,
                watch: SlotWatch(
                    slot: slot,
                    isOurs: request.made.contains { $0.kind == .slot && $0.name == slot },
                    config: config,
                    interval: times.watching,
                    notify: context.notify
                ),
                answerTime: timeout,
                publications: plugin == .pgoutput ? publications : []
            )
        } catch {
            replication.close()
            throw error
        }
    }

    /// What the stream is told by, under pgoutput.
    private var publications: [String] {
        let ours = SlotName.publication(for: slot)
        return config.publication.map { [$0] } ?? [ours.all, ours.appends]
    }

    /// One way to ask a plugin, and what it answers then.
    private struct Reading {
        var plugin: ChangeReader.Plugin
        var options: [(name: String, value: String)]
    }

    /// How to ask, from the way of the newest plugin to that of the oldest.
    private func ways(_ beside: Session) throws -> (plugin: PostgresConfig.Plugin, readings: [Reading]) {
        guard let facts = try SlotFacts.all(beside).first(where: { $0.name == slot }) else {
            throw gap("the slot \"\(slot)\" is gone")
        }
        guard let plugin = facts.plugin.flatMap(PostgresConfig.Plugin.init) else {
            throw gap("the slot \"\(slot)\" has another plugin now")
        }
        guard plugin == .pgoutput else {
            return (plugin, Wal2JSON.options.map { Reading(plugin: .wal2json($0.format), options: $0.options) })
        }
        let known = try PublicationFacts.all(publications, beside)
        return (
            plugin, [Reading(plugin: .pgoutput, options: PgOutput.options(publications.filter { known[$0] != nil }))]
        )
    }

    /// Starts to receive, and makes sure that the server begins where it is asked to: it begins later where somebody
    /// has advanced the slot, and does not say so.
    private func start(
        _ replication: ReplicationSession,
        _ beside: Session,
        _ readings: [Reading]
    ) throws -> Reading {
        for (index, reading) in readings.enumerated() {
            do {
                try replication.start(slot: slot, at: start.position, options: reading.options)
                try checkStart(beside)
                return reading
            } catch let error as PostgresError {
                // An option that this plugin does not know; an older one may do.
                if error.sqlState == "22023", index + 1 < readings.count { continue }
                throw explained(error)
            }
        }
        throw gap("the slot \"\(slot)\" cannot be read")
    }

    private func losesNumbers(_ reading: Reading) -> Bool {
        guard case .wal2json = reading.plugin else { return false }
        return !reading.options.contains { $0.name == Wal2JSON.numbersAsText }
    }

    private func checkStart(_ beside: Session) throws {
        let facts = try SlotFacts.all(beside).first { $0.name == slot }
        guard let confirmed = facts?.confirmed, confirmed > start.position else { return }
        throw gap("the slot \"\(slot)\" was advanced to \(confirmed), and the changes from \(start.position) are gone")
    }

    private func explained(_ error: PostgresError) -> PostgresError {
        switch error.sqlState {
        case "55006": .slotInUse(error.endpoint, slot: slot, holder: "another process")
        case "42704": gap("the slot \"\(slot)\" is gone")
        case "55000": gap("the slot \"\(slot)\" cannot be read any more")
        default: error
        }
    }

    /// How long the server waits for a word of ours at most, which we choose where we can.
    private func answerTime(_ replication: ReplicationSession, _ beside: Session) throws -> Duration {
        if beside.capabilities.version >= 120_000 {
            try replication.session.execute("SET wal_sender_timeout = '60s'")
            return .seconds(60)
        }
        let text = try beside.query("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'")
            .value
        let milliseconds = text.flatMap { Int($0) } ?? 60_000
        return milliseconds > 0 ? .milliseconds(milliseconds) : .seconds(60)
    }

    private func gap(_ reason: String) -> PostgresError { .streamGap(config.target, reason: reason) }
}
