package import Foundation
package import TandemCore
package import TandemEngine
package import TandemState

/// What is known of a sync.
package struct SyncStatus: Sendable {
    package var sync: String
    package var run: RunRecord?
    package var streams: [Method: StreamReport]
    package var tables: [TableState]
    package var issues: [IssueRecord]
    /// When it was asked for.
    package var now: Date

    /// Whether somebody has to see to it: the last run or a table failed, or a slot is lost.
    package var isFailing: Bool {
        run?.outcome == .failed || tables.contains { $0.phase == .failed } || streams.values.contains(where: \.isLost)
    }

    /// How old what is at the destination may be, in seconds: as old as its oldest table. `nil` where a table was never
    /// copied, or nothing was.
    package var age: Double? {
        let tables = tables.filter { $0.phase != .inactive }
        let ages = tables.map(age)
        guard !ages.isEmpty, !ages.contains(nil) else { return nil }
        return ages.compactMap(\.self).max().map { ($0 * 1000).rounded() / 1000 }
    }

    private func age(of table: TableState) -> Double? {
        guard let moment = table.moment else { return nil }
        let copied = max(0, now.timeIntervalSince1970 - moment.time)
        guard table.phase == .streaming || table.phase == .catchingUp else { return copied }
        // The slowest, where several are followed.
        if let lag = streams.values.compactMap({ $0.lag(after: run, at: now) }).max() { return lag }
        let followed = run?.outcome == .succeeded ? run?.ended : run?.streamTime
        return followed.map { min(copied, max(0, now.timeIntervalSince($0))) } ?? copied
    }
}

extension Workspace {
    /// How syncs stand: what their history says, and what their sources say of the streams that they follow. Waits for
    /// no source for more than a few seconds.
    package func status(of syncs: [SyncConfiguration]) async throws -> [SyncStatus] {
        let state = try readState()
        let streams = await StreamReport.all(of: syncs, in: self)
        var statuses: [SyncStatus] = []
        for sync in syncs {
            statuses.append(
                SyncStatus(
                    sync: sync.name,
                    run: try await state?.lastRun(of: sync.name),
                    streams: streams[sync.name] ?? [:],
                    tables: try await state?.tables(of: sync.name) ?? [],
                    issues: try await state?.issues(of: sync.name) ?? [],
                    now: Date(timeIntervalSince1970: clock.time)
                )
            )
        }
        return statuses
    }
}
