import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemState

/// What a source says of the stream that a sync follows.
enum StreamReport: Sendable {
    case status(StreamStatus)
    /// It does not answer, or not as it should.
    case unknown(String, Remedy?)

    /// How long a source gets to answer.
    private static let patience = Duration.seconds(4)

    /// Asks the source of each sync that may follow one, all at once.
    ///
    /// - Returns: By sync and method; nothing of those that follow no stream.
    static func all(of syncs: [SyncConfiguration], in workspace: Workspace) async -> [String: [Method: StreamReport]] {
        await withTaskGroup(of: (String, [Method: StreamReport]).self) { group in
            for sync in syncs { group.addTask { (sync.name, await of(sync, in: workspace)) } }
            return await group.reduce(into: [:]) { reports, next in reports[next.0] = next.1 }
        }
    }

    private static func of(_ sync: SyncConfiguration, in workspace: Workspace) async -> [Method: StreamReport] {
        let methods = Method.allCases.filter { $0.isFollowed && sync.mayFollow(by: $0) }
        guard let first = methods.first else { return [:] }
        do {
            let source = try workspace.source(sync.from)
            let destination = try? workspace.destination(sync.to)
            var reports: [Method: StreamReport] = [:]
            for method in methods {
                guard let log = source.changeLog(method) else { continue }
                let report = await ask(log, method, destination, of: sync)
                reports[method] = report
                // One that does not answer would not the second time.
                guard case .status(let status) = report else { break }
                // Whether tables that take what is best take this one shows in that it is there.
                if !status.exists, status.warnings.isEmpty, !sync.isSureToFollow(by: method) { reports[method] = nil }
            }
            await destination?.close()
            await source.close()
            return reports
        } catch { return [first: unknown(error)] }
    }

    private static func ask(
        _ log: any ChangeLog,
        _ method: Method,
        _ destination: (any Destination)?,
        of sync: SyncConfiguration
    ) async -> StreamReport {
        do {
            return try await withThrowingTaskGroup(of: StreamReport.self) { group in
                group.addTask {
                    // Where the destination does not answer the source is asked for what the sync is likely to read.
                    let state = (try? await destination?.stream(of: sync.name, by: method)) ?? nil
                    var status = try await log.status(of: sync.name, at: state)
                    if !status.exists, state != nil { status.warnings.append(loss(of: status, sync)) }
                    return .status(status)
                }
                group.addTask {
                    try await Task.sleep(for: patience)
                    return .unknown("\(sync.from) did not answer within \(patience.components.seconds) seconds", nil)
                }
                defer { group.cancelAll() }
                return try await group.next() ?? .unknown("\(sync.from) was not asked", nil)
            }
        } catch { return unknown(error) }
    }

    /// What the destination follows is not there any more.
    private static func loss(of status: StreamStatus, _ sync: SyncConfiguration) -> Finding {
        let name = status.method == .triggerBased ? "triggers" : "slot \(status.slot)"
        let reason = "What was followed is gone, and with it changes that were not read."
        guard sync.onGap == .fail else {
            return Finding(.error, name, reason + " The next run begins anew and copies every table.")
        }
        let remedy = StreamError.gap(sync: sync.name, reason: reason, policy: .fail).remedy
        return Finding(.error, name, reason + " The next run fails (on_gap: fail).", remedy: remedy)
    }

    private static func unknown(_ error: any Error) -> StreamReport {
        .unknown("\(error)", (error as? any ExplainedError)?.remedy)
    }
}

extension SyncConfiguration {
    fileprivate func mayFollow(by way: Method) -> Bool {
        ([method] + tables.compactMap(\.method)).contains { $0 == .auto || $0 == .fixed(way) }
    }

    fileprivate func isSureToFollow(by way: Method) -> Bool {
        ([method] + tables.compactMap(\.method)).contains(.fixed(way))
    }
}

extension StreamReport {
    /// For people.
    ///
    /// - Parameter run: The last one.
    func lines(after run: RunRecord?) -> [String] {
        switch self {
        case .unknown(let message, let remedy):
            return ["  source: " + message] + RemedyText.lines(remedy, indent: "    ")
        case .status(let status) where !status.exists && !status.warnings.isEmpty:
            return Self.lines(status.warnings)
        case .status(let status) where !status.exists:
            return status.method == .triggerBased
                ? ["  triggers: nothing has been read yet; the next run copies every table"]
                : ["  slot \(status.slot): not there; the next run makes it and copies every table"]
        case .status(let status):
            var parts = [status.isRead ? "being read" : "not being read"]
            if let kept = status.kept { parts.append("keeps \(Amounts.bytes(kept)) of log") }
            if let behind = status.behind { parts.append("\(Amounts.bytes(behind)) behind") }
            if let seconds = status.lag(after: run) { parts.append(Amounts.duration(.seconds(seconds))) }
            if let state = status.state { parts.append("wal_status \(state)") }
            if let room = status.room { parts.append("\(Amounts.bytes(room)) until it is given up") }
            let plugin = status.plugin.map { " (\($0))" } ?? ""
            let name = status.method == .triggerBased ? "triggers" : "slot \(status.slot)\(plugin)"
            return ["  \(name): " + parts.joined(separator: ", ")] + Self.lines(status.warnings)
        }
    }

    private static func lines(_ warnings: [Finding]) -> [String] {
        warnings.flatMap { finding in
            ["  ! \(finding.subject): \(finding.message)"] + RemedyText.lines(finding.remedy, indent: "    ")
        }
    }
}

extension StreamReport {
    /// Whether the source has let go of changes that were not read.
    var isLost: Bool {
        if case .status(let status) = self { status.warnings.contains { $0.severity == .error } } else { false }
    }

    /// How old what is at the destination may be, in seconds, as far as the source says so.
    func lag(after run: RunRecord?) -> Double? {
        if case .status(let status) = self, status.exists { status.lag(after: run) } else { nil }
    }
}

extension StreamStatus {
    /// How old what is at the destination may be, in seconds: as the source measures it while a run reads, else since
    /// the last run was up to date.
    fileprivate func lag(after run: RunRecord?) -> Double? {
        if isRead { return delay }
        if behind == 0 { return 0 }
        guard let run, let moment = run.outcome == .succeeded ? run.ended : run.streamTime else { return nil }
        return max(0, -moment.timeIntervalSinceNow)
    }
}

/// As `--json` prints it.
struct StreamJSON: Encodable {
    var slot: String?
    var exists: Bool?
    var plugin: String?
    var isRead: Bool?
    var keptBytes: Int?
    var lagBytes: Int?
    var lagSeconds: Double?
    var walStatus: String?
    var roomBytes: Int?
    var warnings: [FindingJSON] = []
    var error: String?
    var remedy: Remedy?

    init(_ report: StreamReport, after run: RunRecord?) {
        switch report {
        case .unknown(let message, let remedy): (error, self.remedy) = (message, remedy)
        case .status(let status):
            slot = status.slot
            exists = status.exists
            warnings = status.warnings.map { FindingJSON($0) }
            guard status.exists else { return }
            plugin = status.plugin
            isRead = status.isRead
            keptBytes = status.kept
            lagBytes = status.behind
            lagSeconds = status.lag(after: run)
            walStatus = status.state
            roomBytes = status.room
        }
    }
}
