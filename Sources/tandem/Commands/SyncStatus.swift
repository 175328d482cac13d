import ArgumentParser
import Foundation
import TandemCore
import TandemEngine
import TandemState

/// What is known of a sync.
struct SyncStatus {
    var sync: String
    var run: RunRecord?
    var streams: [Method: StreamReport]
    var tables: [TableState]
    var issues: [IssueRecord]
    /// When it was asked for.
    var now = Date()

    func streamLines(after run: RunRecord?) -> [String] {
        Method.allCases.compactMap { streams[$0] }.flatMap { $0.lines(after: run) }
    }

    /// Whether somebody has to see to it: the last run or a table failed, or a slot is lost.
    var isFailing: Bool {
        run?.outcome == .failed || tables.contains { $0.phase == .failed } || streams.values.contains(where: \.isLost)
    }

    /// How old what is at the destination may be, in seconds: as old as its oldest table. `nil` where a table was never
    /// copied, or nothing was.
    var age: Double? {
        let tables = tables.filter { $0.phase != .inactive }
        let ages = tables.map(age)
        guard !ages.isEmpty, !ages.contains(nil) else { return nil }
        return ages.compactMap(\.self).max().map { ($0 * 1000).rounded() / 1000 }
    }

    func isOlder(than limit: Age?) -> Bool {
        guard let limit else { return false }
        return age.map { $0 > Double(limit.seconds) } ?? true
    }

    private func age(of table: TableState) -> Double? {
        guard let moment = table.moment else { return nil }
        let copied = max(0, now.timeIntervalSince1970 - moment.time)
        guard table.phase == .streaming || table.phase == .catchingUp else { return copied }
        // The slowest, where several are followed.
        if let lag = streams.values.compactMap({ $0.lag(after: run) }).max() { return lag }
        let followed = run?.outcome == .succeeded ? run?.ended : run?.streamTime
        return followed.map { min(copied, max(0, now.timeIntervalSince($0))) } ?? copied
    }
}

/// How old something may be, as it is written on the command line.
struct Age: ExpressibleByArgument {
    let text: String
    let seconds: Int

    init?(argument: String) {
        guard let seconds = Schedule.seconds(argument[...]) else { return nil }
        text = argument
        self.seconds = seconds
    }
}
