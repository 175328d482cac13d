import TandemCore
import TandemRows

/// Copies tables one after another while a stream goes on, which each of them joins then.
struct BesideCopies {
    let context: RunContext
    let log: any ChangeLog
    let desk: CopyDesk

    private var destination: any Destination { context.destination }
    private var sync: String { context.sync.name }

    /// Between two looks at the desk.
    private static let interval = Duration.milliseconds(50)

    /// Ends by being cancelled only.
    func run() async throws {
        while true {
            guard let (table, since) = desk.begin() else {
                try await context.clock.sleep(for: Self.interval)
                continue
            }
            do {
                let outcome = try await wantedCopy(of: table, for: since)
                // Without that place what has changed is read once more.
                let end = desk.isHeld ? try? await log.end() : nil
                guard desk.finish(outcome, end: end) else { throw Unwanted() }
            } catch {
                // What was loaded is swept later where it cannot be removed now.
                try? await destination.discard()
                let (count, pause) = desk.fail()
                try Task.checkCancellation()
                guard !(error is Unwanted) else { continue }
                if let transient = error as? any ExplainedError, transient.interruptsAll {
                    await context.observe(.retrying(transient, pause: pause, attempt: count))
                } else {
                    try? await destination.dropSections(of: table.target, sync)
                    await context.observe(.tableFailed(table, TableFailure(error)))
                }
            }
        }
    }

    private struct Unwanted: Error {}

    /// Copies a table for as long as somebody waits for it.
    private func wantedCopy(of table: TablePlan, for since: StreamState) async throws -> TableOutcome {
        try await withThrowingTaskGroup(of: TableOutcome?.self) { group in
            group.addTask { try await copy(table, for: since) }
            group.addTask {
                while !desk.isUnwanted { try await context.clock.sleep(for: Self.interval) }
                return nil
            }
            defer { group.cancelAll() }
            guard let outcome = try await group.next().flatMap(\.self) else { throw Unwanted() }
            return outcome
        }
    }

    private func copy(_ table: TablePlan, for since: StreamState) async throws -> TableOutcome {
        // The log is kept from `since` on; this comes after it, and the snapshot after this.
        let open = try await log.awaitWriters(of: [table.source], limit: context.patience.copying)
        if let left = open[table.source.schema.id] { throw StreamError.left(left) }
        var loaded = 0
        while true {
            do {
                return try await context.withSnapshot { snapshot in
                    try await TableLoad(context: context, table: table, snapshot: snapshot).run(since: since)
                }
            } catch let error as any ExplainedError where error.isTransient {
                // The sections that are there are gone on with, as long as each attempt brings more of them.
                let more = try await destination.sectionsLoaded(of: table.target, sync)
                guard more > loaded else { throw error }
                loaded = more
                await context.observe(.retrying(error, pause: .zero, attempt: 1))
            }
        }
    }
}

extension TableFailure {
    init(_ error: any Error) {
        self.init(message: "\(error)", remedy: (error as? any ExplainedError)?.remedy)
    }
}
