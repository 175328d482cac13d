import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Parts of tables that come and go with their rows.
@Suite struct TablePartTests {
    private let warehouse = MemoryDatabase(name: "warehouse")
    private let orders = TableName(schema: "public", table: "orders")

    private func part(_ number: TableID, _ mark: String = "1", isNative: Bool = false) -> TablePart {
        TablePart(
            id: number,
            name: TableName(schema: "public", table: "p\(number)"),
            mark: mark,
            isNative: isNative
        )
    }

    private func reason(_ parts: [TableID: String], _ now: [TablePart]) -> String? {
        let moment = Moment(checkpoint: Checkpoint("1"), origin: "here", time: 0)
        let schema = SampleTable(orders, ids: []).schema
        return SyncedTable(target: orders, schema: schema, rows: 0, moment: moment, parts: parts).departure(from: now)
    }

    @Test func onlyPartsThatWereMadeAsSuchComeWithoutACopy() {
        #expect(reason([:], []) == nil)
        #expect(reason([5: "1"], [part(5)]) == nil)
        #expect(reason([5: "1"], [part(5), part(6, isNative: true)]) == nil)
        #expect(reason([5: "1", 6: ""], [part(5), part(6, isNative: true)]) == nil)
        #expect(reason([5: "1"], [part(5), part(6)])?.contains("public.p6 was attached") == true)
        #expect(reason([5: "1", 6: ""], [part(5), part(6)])?.contains("public.p6 was attached") == true)
        #expect(reason([5: "1"], [part(5, "2")])?.contains("public.p5 was detached meanwhile") == true)
        #expect(reason([5: "1"], [part(5, "2", isNative: true)]) != nil)
        #expect(reason([5: "1"], [])?.contains("was detached or dropped") == true)
        #expect(reason([5: ""], [part(6, isNative: true)])?.contains("was detached or dropped") == true)
    }

    @Test func whatIsStoredIsReadAgain() throws {
        let moment = Moment(checkpoint: Checkpoint("1"), origin: "here", time: 0)
        var copy = SyncedTable(target: orders, schema: SampleTable(orders, ids: []).schema, rows: 0, moment: moment)
        for parts: [TableID: String] in [[:], [70_000: "731", 9: "", TableID("a:b,c"): "x"]] {
            copy.parts = parts
            #expect(try SyncedTable(document: copy.document, target: orders, rows: 0).parts == parts)
        }
    }

    private func run(_ source: LoggedSource) async throws -> (copied: Int, reasons: [String]) {
        let reasons = Reasons()
        let result = try await SyncRun(
            RunContext(
                SyncConfiguration(name: "test", from: "shop", to: "house"),
                from: source,
                to: MemoryDestination(warehouse),
                readers: 1,
                observe: { if case .copyingAgain(_, let reason) = $0 { await reasons.add(reason) } }
            ),
            state: nil
        ).run()
        return (result.report.outcomes.count, await reasons.all)
    }

    private actor Reasons {
        var all: [String] = []
        func add(_ reason: String) { all.append(reason) }
    }

    private var remembered: [TableID: String]? {
        get async throws { try await MemoryDestination(warehouse).tables(of: "test").first?.parts }
    }

    @Test func aTableIsCopiedAgainWhenAPartComesOrGoesWithItsRows() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        source.state.withLock { $0.parts = [1: [part(5), part(6)]] }
        #expect(try await run(source) == (1, []))
        #expect(try await remembered == [5: "1", 6: "1"])
        #expect(try await run(source) == (0, []))

        source.state.withLock { $0.parts = [1: [part(5), part(6), part(7, isNative: true)]] }
        #expect(try await run(source) == (0, []))
        #expect(try await remembered == [5: "1", 6: "1", 7: "1"])

        for parts in [[part(5), part(6)], [part(5), part(6), part(8)], [part(5), part(6, "2"), part(8)]] {
            source.state.withLock { $0.parts = [1: parts] }
            let again = try await run(source)
            #expect(again.copied == 1 && again.reasons.count == 1)
            #expect(try await run(source) == (0, []))
        }
    }

    @Test(arguments: [false, true]) func aPartThatOnlyTheStreamTellsOfIsNoticedInTheSameRun(isThere: Bool) async throws
    {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        #expect(try await run(source).copied == 1)
        try source.insert(SampleTable(orders, ids: 5..<6))
        source.state.withLock { state in
            state.amend = { $0.parts = [9] }
            // Between the plan and the first change.
            if isThere { state.partsWhileFollowed = [1: [part(9, isNative: true)]] }
        }
        let result = try await run(source)
        #expect(result.copied == (isThere ? 0 : 1))
        #expect(result.reasons.count == (isThere ? 0 : 1))
        #expect(try await remembered == (isThere ? [9: "1"] : [:]))
        #expect(try await run(source).copied == 0)
    }
}
