import Foundation
import GRDB
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemTwoWay

@Suite(.blocking) struct LinkStoreTests {
    let folder = StoreFolder()
    var path: String { folder.path + "/links.sqlite" }
    static let pairs = [
        PairLayout(name: "people", fields: ["name", "email", "age"]), PairLayout(name: "orders", fields: ["total"]),
    ]

    private func open(_ pairs: [PairLayout] = pairs) async throws -> LinkStore {
        try await LinkStore.open(at: path, sync: "shop", pairs: pairs)
    }

    @Test(arguments: 0..<10 as Range<UInt64>) func itAnswersAsAModelDoes(_ seed: UInt64) async throws {
        var random = RandomChanges(seed: seed, fields: Self.pairs.map(\.fields.count))
        var model = LinkModel()
        var store = try await open()
        for _ in 0..<30 {
            let changes = random.changes()
            let isDurable = random.chance(0.3)
            try await store.store(changes, isDurable: isDurable)
            model.store(changes)
            let others = [WorkItem.record(.left, pair: 1, random.key()), .link(1_000_000)]
            let differences = try await store.differences(from: model, asking: others)
            #expect(differences == [])
            let pages = try await store.page(of: 0, after: 0, limit: .max)
            #expect(pages == model.all.links.values.filter { $0.pair == 0 }.sorted { $0.id < $1.id })
            if isDurable, random.chance(0.3) { store = try await open() }
        }
    }

    /// The files as they are between two stores are what a crash leaves.
    @Test(arguments: 0..<10 as Range<UInt64>) func aCrashLeavesWhatWasDurableLast(_ seed: UInt64) async throws {
        var random = RandomChanges(seed: seed, fields: Self.pairs.map(\.fields.count))
        var (model, durable) = (LinkModel(), LinkModel())
        let store = try await open()
        for number in 0..<20 {
            let changes = random.changes()
            let isDurable = random.chance(0.3)
            try await store.store(changes, isDurable: isDurable)
            model.store(changes)
            if isDurable { durable = model }
            guard random.chance(0.3) else { continue }
            let copy = folder.path + "/crash\(number).sqlite"
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
            }
            let left = try await LinkStore.open(at: copy, sync: "shop", pairs: Self.pairs)
            let differences = try await left.differences(from: durable)
            #expect(differences == [])
            #expect(left.id == store.id && left.hashKey == store.hashKey)
        }
    }

    @Test func itIsDurableForItsOwnerOnlyAndItsOwn() async throws {
        let store = try await open()
        let synchronous = try await store.read { db, _ in try Int.fetchOne(db, sql: "PRAGMA synchronous") }
        #expect(synchronous == 2)
        let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        #expect(rights?.intValue == 0o600)
        let other = try await LinkStore.open(at: folder.path + "/other.sqlite", sync: "shop", pairs: Self.pairs)
        #expect(store.id != other.id && store.hashKey != other.hashKey)
        await #expect(throws: LinkStoreError.ofAnotherSync(path: path, sync: "shop")) {
            try await LinkStore.open(at: path, sync: "crm", pairs: Self.pairs)
        }
    }

    @Test func otherPairsAndFieldsAreBroughtOver() async throws {
        var link = Link(id: 4, pair: 0, fields: 3, keys: Both { _ in RowKey([.number(1)]) })
        link.base = Both { side in (0..<3).map { .hash(UInt64($0 + 10 * side.rawValue)) } }
        var order = Link(id: 5, pair: 1, fields: 1, keys: Both { _ in RowKey([.number(1)]) })
        order.base = Both { _ in [.kept(.number(7))] }
        var changes = LinkChanges()
        changes.links = [4: link, 5: order]
        changes.marks = [
            .link(5): Mark(due: 1, attempts: 1, reason: ""), .link(4): Mark(due: 2, attempts: 1, reason: ""),
        ]
        try await open().store(changes, isDurable: true)

        let people = PairLayout(name: "people", fields: ["age", "phone", "name"])
        let store = try await open([PairLayout(name: "new", fields: []), people])
        let found = try await store.links(of: [.link(4), .link(5), .record(.left, pair: 1, RowKey([.number(1)])!)])
        link.pair = 1
        link.base = Both(left: [.hash(2), .none, .hash(0)], right: [.hash(12), .none, .hash(10)])
        #expect(found == [.link(4): link, .record(.left, pair: 1, RowKey([.number(1)])!): link])
        let start = try await store.start().0
        #expect(start.unfinished == [link] && Set(start.marks.keys) == [.link(4)])

        order.pair = 0
        let again = try await open([Self.pairs[1], people])
        #expect(try await again.links(of: [.link(5)]) == [.link(5): order])
        #expect(try await again.start().0.marks.count == 2)
    }

    /// Notes are of the pairs that were there when they were written.
    @Test func notesAreStoredBeforePairsChange() async throws {
        var note = LinkChanges()
        var link = Link(id: 1, pair: 1, fields: 1, keys: Both { _ in RowKey([.text("a")]) })
        link.base = Both { _ in [.hash(5)] }
        note.links[1] = link
        try await open().store(LinkChanges(), isDurable: true)
        let notes = [WriteNote(number: 3, bytes: note.encoded()), WriteNote(number: 0, bytes: [])]
        let store = try await LinkStore.open(at: path, sync: "shop", pairs: Self.pairs.reversed()) { _, after in
            #expect(after == 0)
            return notes
        }
        link.pair = 0
        #expect(try await store.links(of: [.link(1)]) == [.link(1): link])
        #expect(try await store.start().0.note == 3)
    }
}

/// A folder that goes when its test is done.
final class StoreFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/tandem-links-\(UUID().uuidString)"
    init() { mkdir(path, 0o700) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}
