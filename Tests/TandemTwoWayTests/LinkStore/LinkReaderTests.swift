import Foundation
import GRDB
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemTwoWay

@Suite(.blocking) struct LinkReaderTests {
    let folder = StoreFolder()
    var path: String { folder.path + "/links.sqlite" }

    private func open(_ fields: [String] = ["name", "email"]) async throws -> LinkStore {
        try await LinkStore.open(at: path, sync: "shop", pairs: [PairLayout(name: "people", fields: fields)])
    }

    private func key(_ number: Int) -> RowKey { RowKey([.number(Int128(number))])! }

    private func entry(_ link: LinkID, _ kind: WriteKind = .update, time: Double) -> HistoryEntry {
        HistoryEntry(link: link, pair: 0, kind: kind, side: .right, fields: [1], reason: .changed, time: time)
    }

    private func sample() -> LinkChanges {
        var changes = LinkChanges()
        for id in 1...4 as ClosedRange<LinkID> {
            changes.links[id] = Link(
                id: id,
                pair: 0,
                fields: 2,
                keys: Both(left: key(Int(id)), right: id == 2 ? nil : key(Int(id) + 100))
            )
        }
        changes.links[3]?.isHeld = true
        changes.links[4]?.isSevered = true
        changes.marks[.record(.right, pair: 0, key(9))] = Mark(due: 1, attempts: 1, reason: "It waits.")
        changes.issues[.link(3)] = [RecordIssue(.conflict, field: "name", cause: "Both changed it.", since: 5)]
        changes.issues[.record(.right, pair: 0, key(9))] = [
            RecordIssue(.ambiguous, side: .right, cause: "2 match.", since: 4)
        ]
        changes.conflicts = [
            LoggedConflict(
                link: 1,
                pair: 0,
                kind: .conflict,
                field: 0,
                loser: .left,
                lost: .text("a"),
                won: .null,
                time: 10
            )
        ]
        changes.history = [entry(1, time: 10), entry(3, time: 11)]
        return changes
    }

    @Test func whatIsDurableIsReadWhileMoreIsStored() async throws {
        let store = try await open()
        try await store.store(sample(), isDurable: true)
        let reader = try #require(try await LinkReader.open(at: path))
        let counts = LinkReader.PairCounts(
            pair: "people",
            links: 4,
            incomplete: 1,
            severed: 1,
            held: 1,
            issues: 2,
            marks: 1
        )
        #expect(try await reader.counts() == [counts])
        var more = LinkChanges()
        more.removed = [1]
        more.issues[.link(3)] = []
        try await store.store(more, isDurable: false)
        #expect(try await reader.counts() == [counts])
        try await store.store(LinkChanges(), isDurable: true)
        #expect(try await reader.counts().first?.links == 3)
        #expect(try await reader.counts().first?.issues == 1)
    }

    @Test func issuesHaveTheirKeys() async throws {
        try await open().store(sample(), isDurable: true)
        let reader = try #require(try await LinkReader.open(at: path))
        let issues = try await reader.issues()
        #expect(issues.map(\.subject.keys.right) == [key(9), key(103)])
        #expect(issues.map(\.issue.kind) == [.ambiguous, .conflict])
        #expect(issues.map(\.subject.link) == [nil, 3])
        #expect(try await reader.issues(.init(key: (.left, key(3)))).count == 1)
        #expect(try await reader.issues(.init(key: (.left, key(103)))).isEmpty)
        #expect(try await reader.issues(.init(pair: "orders")).isEmpty)
        #expect(try await reader.issues(.init(since: 5)).count == 1)
        #expect(try await reader.issues(.init(limit: 1)).count == 1)
    }

    @Test func whatWasDoneIsFoundByKeyAlsoOfWhatIsGone() async throws {
        let store = try await open()
        try await store.store(sample(), isDurable: true)
        var changes = LinkChanges()
        changes.removed = [1]
        changes.history = [entry(1, .delete, time: 12)]
        try await store.store(changes, isDurable: true)
        let reader = try #require(try await LinkReader.open(at: path))
        #expect(try await reader.history().map(\.time) == [12, 11, 10])
        #expect(try await reader.history(.init(key: (nil, key(101)))).map(\.kind) == [.delete, .update])
        #expect(try await reader.history(.init(since: 11, limit: 1)).map(\.fields) == [["email"]])
        let conflict = try #require(try await reader.conflicts(.init(pair: "people", key: (.left, key(1)))).first)
        #expect(conflict.field == "name" && conflict.lost == .text("a") && conflict.won == .null)
        #expect(conflict.subject.keys == Both<RowKey?>(left: key(1), right: key(101)))
        #expect(try await reader.conflicts(.init(key: (.right, key(1)))).isEmpty)
        // By its name, wherever it is, and also once it is gone.
        _ = try await open(["email"])
        #expect(try await reader.conflicts().map(\.field) == ["name"])
    }

    @Test func historyIsPrunedAndConflictsStay() async throws {
        let store = try await open()
        var changes = sample()
        changes.history = (0..<500).map { entry(2, time: Double($0)) }
        changes.removed = [2, 1]
        changes.links[1] = nil
        changes.links[2] = nil
        try await store.store(sample(), isDurable: true)
        try await store.store(changes, isDurable: true)
        let reader = try #require(try await LinkReader.open(at: path))
        #expect(try await reader.history(.init(limit: .max)).count == 502)
        for _ in 0..<20 {
            var later = LinkChanges()
            later.history = [entry(3, time: 100 + LinkWriting.historyAge)]
            try await store.store(later, isDurable: true)
        }
        let times = try await reader.history(.init(limit: .max)).map(\.time)
        #expect(times.count == 420 && times.min() == 100)
        var last = LinkChanges()
        last.history = [entry(3, time: 1_000 + LinkWriting.historyAge)]
        for _ in 0..<20 { try await store.store(last, isDurable: true) }
        #expect(try await reader.history(.init(limit: .max)).count == 40)
        #expect(try await reader.conflicts().count == 2)
        let kept = try await store.read { db, _ in try Int64.fetchAll(db, sql: "SELECT id FROM removed_link") }
        #expect(kept == [1])
    }
}
