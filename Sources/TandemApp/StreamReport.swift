package import Foundation
package import TandemCore
import TandemEngine
import TandemRows
package import TandemState

/// What a source says of the stream that a sync follows.
package enum StreamReport: Sendable {
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
                let report = await ask(log, method, destination, of: sync, workspace.clock)
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
        of sync: SyncConfiguration,
        _ clock: RunClock
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
                    try await clock.sleep(for: patience)
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
    /// Whether the source has let go of changes that were not read.
    package var isLost: Bool {
        if case .status(let status) = self { status.warnings.contains { $0.severity == .error } } else { false }
    }

    /// How old what is at the destination may be, in seconds, as far as the source says so.
    package func lag(after run: RunRecord?, at now: Date) -> Double? {
        if case .status(let status) = self, status.exists { status.lag(after: run, at: now) } else { nil }
    }
}

extension StreamStatus {
    /// How old what is at the destination may be, in seconds: as the source measures it while a run reads, else since
    /// the last run was up to date.
    package func lag(after run: RunRecord?, at now: Date) -> Double? {
        if isRead { return delay }
        if behind == 0 { return 0 }
        guard let run, let moment = run.outcome == .succeeded ? run.ended : run.streamTime else { return nil }
        return max(0, now.timeIntervalSince(moment))
    }
}
