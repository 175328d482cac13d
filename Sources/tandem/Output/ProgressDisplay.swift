import AsyncAlgorithms
import Foundation
import Synchronization
import TandemApp
import TandemCore
import TandemEngine
import TandemRows

/// Shows how a run goes: bars on a terminal, a line now and then elsewhere, and a line for what is worth one.
final class ProgressDisplay: Sendable {
    private struct State {
        var current: (name: String, progress: TableProgress, start: ContinuousClock.Instant)?
        var stream: (progress: StreamProgress, tables: Int, isEndless: Bool)?
        /// Whether there is news of the stream that no line has told yet.
        var isNews = false
        var done = 0
        var total = 0
        var isDrawn = false
        var lastLine = ContinuousClock.now
        let start = ContinuousClock.now

        /// Between two lines where there is no terminal: what takes long is of no more interest every few seconds.
        var lineInterval: Duration {
            let isNew = start.duration(to: .now) < .seconds(60) && stream?.isEndless != true
            return .seconds(isNew ? 5 : 60)
        }
    }

    private let state = Mutex(State())
    private let isTerminal: Bool
    private let isQuiet: Bool

    init(isTerminal: Bool = Terminal.errorCanBeDrawnOn, isQuiet: Bool) {
        self.isTerminal = isTerminal
        self.isQuiet = isQuiet
    }

    /// Shows progress while `body` runs.
    func show<Value: Sendable>(during body: @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in AsyncTimerSequence(
                    interval: .milliseconds(self.isTerminal ? 100 : 500),
                    clock: .continuous
                ) {
                    self.tick()
                }
            }
            defer {
                group.cancelAll()
                erase()
            }
            return try await body()
        }
    }

    func handle(_ event: RunEvent) {
        switch event {
        case .planned(let plan): state.withLock { $0 = State(total: plan.tables.count) }
        case .snapshotTaken(let moment, let readers, let notes):
            for note in notes { line("note: " + note) }
            guard !isTerminal else { return }
            let time = Date(timeIntervalSince1970: moment.time).formatted(.iso8601)
            line("reading as of \(time) with \(Amounts.counted(readers, "connection"))")
        case .tableStarted(let table, let progress):
            state.withLock { $0.current = ("\(table.schema.name)", progress, .now) }
        case .copyResumed(let table, let bytes, let total):
            let share = total > 0 ? bytes * 100 / total : 0
            line(
                "resuming the copy of \(table.schema.name) at \(share) % (\(Amounts.bytes(bytes)) of \(Amounts.bytes(total)) are there)"
            )
        case .tableRetyped(let table, let columns):
            let list = columns.joined(separator: ", ")
            line(
                "note: \(table.schema.name): \(list) travels as text, because a value does not fit its type; reading the table again"
            )
        case .tableReread(let table, let reason):
            line("note: \(table.schema.name): reading the table again, because \(reason)")
        case .tableLoaded(let table, let outcome):
            finish()
            guard !isTerminal, isDueForLine() else { return }
            line("\(table.schema.name): \(Amounts.rows(outcome.written)) in \(Amounts.duration(outcome.duration))")
        case .tableFailed(let table, let failure):
            finish()
            trouble("error: \(table.schema.name): \(failure.message)")
            for text in RemedyText.lines(failure.remedy) { trouble(text) }
        case .tablePostponed(let table, let error, let pause):
            line(
                "warning: \(table.schema.name): \(error.sentence) It is tried again in \(Amounts.duration(pause))."
            )
        case .retrying(let error, let pause, let attempt):
            line("warning: \(error.sentence) Trying again in \(Amounts.duration(pause)) (attempt \(attempt)).")
        case .streamPrepared(let notes, let gap):
            for note in notes { line("note: " + note) }
            if let gap { trouble("warning: \(gap) Every table is copied again.") }
        case .following(let progress, let tables, let end): follow(progress, tables.count, isEndless: end == nil)
        case .joined(_, let progress, let count): follow(progress, count, isEndless: true)
        case .copyingAgain(let table, let reason):
            line("note: \(table.schema.name): copying the table again, because \(reason)")
        case .followedNoLonger(let table, let reason, let remedy):
            line("warning: \(table) is followed no longer, and its copy stays as it is: \(reason)")
            for text in RemedyText.lines(remedy, indent: "  ") { line(text) }
        case .methodRuledOut(let method, let reason, let remedy):
            line("note: \(method.rawValue) cannot be used, and its tables take another method: \(reason)")
            for text in RemedyText.lines(remedy, indent: "  ") { line(text) }
        case .replanned, .published, .applied, .caughtUp, .issues: break
        }
    }

    private func follow(_ progress: StreamProgress, _ tables: Int, isEndless: Bool) {
        state.withLock {
            // A run that ends says in the end what it did.
            if isEndless, $0.stream?.tables != tables { $0.isNews = true }
            $0.stream = (progress, tables, isEndless)
        }
    }

    /// A line that stays, above the bars.
    func line(_ text: String) { if !isQuiet { trouble(text) } }

    /// One that is told also where only what went wrong is wanted.
    func trouble(_ text: String) {
        erase()
        Terminal.error(text)
    }

    /// Whether the last line is long enough ago for another; notes that there is one now.
    private func isDueForLine() -> Bool { state.withLock { Self.isDueForLine(&$0) } }

    private static func isDueForLine(_ state: inout State) -> Bool {
        guard state.isNews || state.lastLine.duration(to: .now) >= state.lineInterval
        else { return false }
        (state.lastLine, state.isNews) = (.now, false)
        return true
    }

    private func finish() {
        state.withLock {
            $0.done += 1
            $0.current = nil
        }
    }

    private func erase() {
        let wasDrawn = state.withLock { state in
            defer { state.isDrawn = false }
            return state.isDrawn
        }
        if wasDrawn { Terminal.draw("\r\u{1B}[K") }
    }

    private func tick() {
        guard !isQuiet, let text = state.withLock({ status(of: &$0) }) else { return }
        if isTerminal {
            Terminal.draw("\r\u{1B}[K" + PrintableText.of(text, keepsLines: false))
        } else {
            Terminal.error(text)
        }
    }

    /// What to show now, or `nil` where it is too early for another line.
    private func status(of state: inout State) -> String? {
        guard state.current != nil || state.stream != nil else { return nil }
        if isTerminal {
            state.isDrawn = true
        } else {
            guard Self.isDueForLine(&state) else { return nil }
        }
        guard let current = state.current else {
            let text = state.stream.map { Self.text($0.progress.counts, tables: $0.tables) } ?? ""
            return isTerminal ? String(text.prefix(Terminal.width - 1)) : text
        }
        let rows = current.progress.rows
        let seconds = Amounts.seconds(current.start.duration(to: .now))
        let speed = seconds > 0.2 ? Int(Double(rows) / seconds) : 0
        // Beside a stream there is no saying how many there will be.
        let count = state.stream == nil ? "[\(state.done + 1)/\(state.total)]" : "copying"
        var parts = ["\(count) \(current.name)"]
        if isTerminal, let estimate = current.progress.estimatedRows, estimate > 0 {
            parts.append(Self.bar(rows, of: estimate))
        }
        parts.append(Amounts.rows(rows))
        parts.append(Amounts.bytes(current.progress.bytes))
        if speed > 0 {
            parts.append(Amounts.count(speed) + " rows/s")
            if let estimate = current.progress.estimatedRows, estimate > rows {
                parts.append(Amounts.duration(.seconds(Double(estimate - rows) / Double(speed))) + " left")
            }
        }
        let text = parts.joined(separator: "  ")
        return isTerminal ? String(text.prefix(Terminal.width - 1)) : text
    }

    private static func text(_ counts: StreamProgress.Counts, tables: Int) -> String {
        var parts = ["following \(Amounts.tables(tables))", Amounts.changes(counts.changes)]
        if let time = counts.time {
            parts.append("as of " + Date(timeIntervalSince1970: time).formatted(.iso8601))
        }
        return parts.joined(separator: "  ")
    }

    private static func bar(_ rows: Int, of estimate: Int) -> String {
        let width = 20
        // An estimate may be low: a bar is full when the table is done, not before.
        let filled = min(width - 1, rows * width / estimate)
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }
}
