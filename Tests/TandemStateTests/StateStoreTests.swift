import Foundation
import Synchronization
import TandemCore
import TandemRows
import TandemState
import TandemTesting
import Testing

struct StateStoreTests {
    let orders = TableName(schema: "public", table: "orders")
    let moment = Moment(checkpoint: Checkpoint("0/16B3748"), origin: "7001", time: 1_700_000_000)

    @Test func aRunIsToldFromItsBeginningToItsEnd() async throws {
        let clock = TestClock()
        let store = try StateStore.inMemory(clock: clock.clock)
        #expect(try await store.lastRun(of: "shop") == nil)
        let run = try await store.beginRun(of: "shop")
        #expect(try await store.lastRun(of: "shop")?.outcome == .running)
        clock.advance(12)
        try await store.finishRun(run, .failed, rows: 7, bytes: 70, error: "It broke.", remedy: "Mend it.")
        let told = try #require(try await store.lastRun(of: "shop"))
        #expect(told.outcome == .failed && told.rows == 7 && told.bytes == 70)
        #expect(told.error == "It broke." && told.remedy == "Mend it.")
        #expect(told.ended?.timeIntervalSince(told.started) == 12)
        #expect(try await store.lastRun(of: "other") == nil)
    }

    @Test func aRunThatNeverEndedIsInterruptedOnceTheNextBegins() async throws {
        let store = try StateStore.inMemory()
        _ = try await store.beginRun(of: "shop")
        _ = try await store.beginRun(of: "shop")
        #expect(try await store.runs(of: "shop", limit: 9).map(\.outcome) == [.running, .interrupted])
    }

    @Test func aFailureKeepsWhatTheLastGoodCopyWas() async throws {
        let store = try StateStore.inMemory()
        let run = try await store.beginRun(of: "shop")
        func record(_ event: TableEvent) async throws -> TableState {
            try await store.record(event, of: orders, id: 4_000_000_000, target: orders, sync: "shop", run: run)
            return try #require(try await store.tables(of: "shop").first)
        }
        var state = try await record(.pending)
        #expect(state.phase == .pending && state.id == 4_000_000_000 && state.moment == nil)
        state = try await record(.started)
        #expect(state.phase == .copying && state.attempts == 1)
        state = try await record(.copied(rows: 5, bytes: 50, moment: moment))
        #expect(state.phase == .copied && state.rows == 5 && state.moment == moment && state.attempts == 0)
        _ = try await record(.started)
        state = try await record(.failed(error: "It broke.", remedy: nil))
        #expect(state.phase == .failed && state.error == "It broke." && state.attempts == 1)
        #expect(state.rows == 5 && state.bytes == 50 && state.moment == moment && state.copied != nil)
    }

    @Test func aTableIsKnownAgainUnderAnotherName() async throws {
        let store = try StateStore.inMemory()
        let run = try await store.beginRun(of: "shop")
        let names = ["orders", "bills", "archive"].map { TableName(schema: "public", table: $0) }
        func record(_ event: TableEvent, _ name: TableName, id: TableID, sync: String = "shop") async throws {
            try await store.record(event, of: name, id: id, target: name, sync: sync, run: run)
        }
        let refusals = [RejectedValue(key: "id=1", column: "born", cause: "a year past 294247")]
        try await record(.copied(rows: 5, bytes: 50, moment: moment, refusals: refusals), names[0], id: 1)
        try await record(.copied(rows: 6, bytes: 60, moment: moment), names[1], id: 2)
        try await record(.copied(rows: 7, bytes: 70, moment: moment), names[0], id: 1, sync: "other")
        // The second has gone, and the first has its name.
        try await store.rename([1: names[1]], sync: "shop")
        try await record(.streaming, names[1], id: 1)
        let state = try #require(try await store.tables(of: "shop").first)
        #expect(try await store.tables(of: "shop").count == 1)
        #expect(state.source == names[1] && state.target == names[1] && state.rows == 5 && state.moment == moment)
        #expect(try await store.issues(of: "shop").map(\.table) == [names[1]])
        // Made anew under the name that the first had.
        try await record(.copied(rows: 8, bytes: 80, moment: moment), names[0], id: 3)
        try await store.rename([1: names[2], 3: names[0]], sync: "shop")
        #expect(try await store.tables(of: "shop").map(\.source) == [names[2], names[0]])
        #expect(try await store.tables(of: "shop").map(\.rows) == [5, 8])
        #expect(try await store.tables(of: "other").map(\.source) == [names[0]])
    }

    @Test func tablesThatTakeEachOthersNamesKeepWhatIsKnownOfThem() async throws {
        let store = try StateStore.inMemory()
        let run = try await store.beginRun(of: "shop")
        let names = ["orders", "orders_new", "orders_old"].map { TableName(schema: "public", table: $0) }
        for (index, name) in names.prefix(2).enumerated() {
            let refusals = [RejectedValue(key: "id=\(index)", column: "born", cause: "a year past 294247")]
            let copied = TableEvent.copied(rows: index, bytes: 1, moment: moment, refusals: refusals)
            try await store.record(copied, of: name, id: TableID(index + 1), target: name, sync: "shop", run: run)
        }
        func expect(_ first: TableName, _ second: TableName, line: Int = #line) async throws {
            let place = SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)
            let expected = [[first.table, "0"], [second.table, "1"]].sorted { $0[0] < $1[0] }
            let tables = try await store.tables(of: "shop").map { [$0.source.table, "\($0.rows)"] }
            let issues = try await store.issues(of: "shop").map { [$0.table.table, "\($0.key.dropFirst(3))"] }
            #expect(tables == expected && issues == expected, sourceLocation: place)
        }
        // A chain, which is how a table is replaced by another; a trade; and one that is known already, or not at all.
        try await store.rename([1: names[2], 2: names[0]], sync: "shop")
        try await expect(names[2], names[0])
        try await store.rename([1: names[0], 2: names[2]], sync: "shop")
        try await expect(names[0], names[2])
        try await store.rename([1: names[0], 2: names[2], 3: names[1]], sync: "shop")
        try await expect(names[0], names[2])
    }

    @Test func issuesLastAsLongAsTheyAreMet() async throws {
        let store = try StateStore.inMemory()
        func copy(refusing keys: [String]) async throws {
            let run = try await store.beginRun(of: "shop")
            let refusals = keys.map { RejectedValue(key: $0, column: "born", cause: "a year past 294247") }
            try await store.record(
                .copied(rows: 1, bytes: 1, moment: moment, refusals: refusals),
                of: orders,
                id: 1,
                target: orders,
                sync: "shop",
                run: run
            )
        }
        try await copy(refusing: ["id=1", "id=2"])
        try await copy(refusing: ["id=2", "id=3"])
        let issues = try await store.issues(of: "shop")
        #expect(issues.map(\.key) == ["id=2", "id=3"])
        #expect(issues.map(\.count) == [2, 1])
        try await copy(refusing: [])
        #expect(try await store.issues(of: "shop").isEmpty)
    }

    @Test func issuesOfAFollowedTableAreThoseThatItHasNow() async throws {
        let store = try StateStore.inMemory()
        func note(_ keys: [String]) async throws {
            let run = try await store.beginRun(of: "shop")
            let issues = keys.map { RowIssue(of: orders, key: nil, keyText: $0, cause: "refused", since: 5) }
            // Twice in a run counts once.
            for _ in 1...2 { try await store.record([orders: issues], sync: "shop", run: run) }
        }
        try await note(["id = 1", "id = 2"])
        try await note(["id = 2", "id = 3"])
        #expect(try await store.issues(of: "shop").map(\.key) == ["id = 2", "id = 3"])
        #expect(try await store.issues(of: "shop").map(\.count) == [2, 1])
        var ignored = RowIssue(of: orders, key: nil, keyText: "id = 2", cause: "refused", since: 5)
        ignored.isIgnored = true
        try await store.record([orders: [ignored]], sync: "shop", run: 3)
        #expect(try await store.issues(of: "shop").isEmpty)
    }

    @Test func forgettingATableLeavesTheOthers() async throws {
        let store = try StateStore.inMemory()
        let run = try await store.beginRun(of: "shop")
        let odd = TableName(schema: "Odd \"one\"", table: "t'a.b")
        for name in [orders, odd] {
            try await store.record(.started, of: name, id: 1, target: name, sync: "shop", run: run)
        }
        try await store.forget("shop", tables: [orders])
        #expect(try await store.tables(of: "shop").map(\.source) == [odd])
        try await store.forget("shop")
        #expect(try await store.tables(of: "shop").isEmpty)
        #expect(try await store.lastRun(of: "shop") == nil)
    }

    @Test func aCancelledRunIsStillNoted() async throws {
        let store = try StateStore.inMemory()
        await withTaskGroup { group in
            group.addTask {
                let recorder = await RunRecorder(of: "shop", in: store) { Issue.record("\($0)") }
                withUnsafeCurrentTask { $0?.cancel() }
                await recorder.finish(.interrupted)
            }
        }
        #expect(try await store.lastRun(of: "shop")?.outcome == .interrupted)
        #expect(try await store.lastRun(of: "shop")?.ended != nil)
    }

    @Test func onlyTheLastThousandRunsAreKept() async throws {
        let store = try StateStore.inMemory()
        for _ in 0..<1005 { _ = try await store.beginRun(of: "shop") }
        let runs = try await store.runs(of: "shop", limit: 2000)
        #expect(runs.count == 1000)
        #expect(runs.first?.id == 1005)
    }
}

/// A clock that goes on when told to.
final class TestClock: Sendable {
    private let time = Mutex(1_700_000_000.0)
    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
    var clock: RunClock {
        let wall = { @Sendable in self.time.withLock { $0 } }
        return RunClock(
            elapsed: { .seconds(wall()) },
            wall: wall,
            pause: { self.advance(Double($0.components.seconds)) }
        )
    }
}
