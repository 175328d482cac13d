import Foundation
import GRDB
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemTwoWay

@Suite(.blocking) struct LinkFileTests {
    let folder = StoreFolder()
    var path: String { folder.path + "/links.sqlite" }
    static let pairs = [PairLayout(name: "people", fields: ["name", "email"])]

    private func open() async throws -> LinkStore {
        try await LinkStore.open(at: path, sync: "shop", pairs: Self.pairs)
    }

    private func links(_ ids: Range<LinkID>) -> LinkChanges {
        var changes = LinkChanges()
        for id in ids {
            changes.links[id] = Link(id: id, pair: 0, fields: 2, keys: Both { _ in RowKey([.number(Int128(id))]) })
        }
        return changes
    }

    @Test func aFullDiskLosesWhatWasNotDurableAndNothingElse() async throws {
        let store = try await open()
        try await store.store(links(1..<100), isDurable: true)
        try await store.store(links(100..<110), isDurable: false)
        _ = try await store.read { db, _ in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            return try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages)")
        }
        let full = LinkStoreError.full(path: path)
        await #expect(throws: full) { try await store.store(links(200..<2000), isDurable: false) }
        await #expect(throws: full) { try await store.store(LinkChanges(), isDurable: true) }
        await #expect(throws: full) { try await store.start() }
        #expect("\(full)".contains("is full") && full.remedy != nil)
        #expect(try await open().page(of: 0, after: 0, limit: 1000).map(\.id) == Array(1..<100))
    }

    /// As two links that name one record would be.
    @Test func whatCannotBeStoredIsStoredInNoPart() async throws {
        let store = try await open()
        try await store.store(links(1..<10), isDurable: true)
        var changes = links(10..<20)
        changes.links[19]?.keys = Both { _ in RowKey([.number(1)]) }
        await #expect(throws: LinkStoreError.self) { try await store.store(changes, isDurable: true) }
        #expect(try await open().page(of: 0, after: 0, limit: 100).count == 9)
        var other = LinkChanges()
        other.links[30] = Link(id: 30, pair: 3, fields: 2, keys: Both(left: nil, right: nil))
        await #expect(throws: LinkStoreError.self) { try await open().store(other, isDurable: true) }
    }

    @Test func aDamagedFileIsRefusedWithTheWayOut() async throws {
        let store = try await open()
        try await store.store(links(1..<5000), isDurable: true)
        let copy = folder.path + "/copy.sqlite"
        let reader = try #require(try await LinkReader.open(at: path))
        try await reader.backup(to: copy)
        let whole = try Data(contentsOf: URL(filePath: copy))
        for (name, damage) in [
            ("page", { $0.replaceSubrange(4096 * 8..<4096 * 8 + 600, with: Data(repeating: 0xA5, count: 600)) }),
            ("text", { $0 = Data(String(repeating: "not a database ", count: 1000).utf8) }),
            ("cut", { $0.removeLast($0.count / 2) }),
        ] as [(String, (inout Data) -> Void)] {
            var bytes = whole
            damage(&bytes)
            try bytes.write(to: URL(filePath: copy))
            await #expect("\(name)") { try await LinkStore.open(at: copy, sync: "shop", pairs: Self.pairs) } throws: {
                guard case LinkStoreError.corrupt(copy, _) = $0 else { return false }
                return true
            }
        }
        #expect(LinkStoreError.corrupt(path: "s", reason: "").remedy?.text.contains("mv s s.damaged") == true)
    }

    @Test func otherFilesAreLeftAlone() async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE mine (x)") }
        await #expect(throws: LinkStoreError.corrupt(path: path, reason: "it has other tables")) { try await open() }
        let newer = folder.path + "/newer.sqlite"
        _ = try await LinkStore.open(at: newer, sync: "shop", pairs: Self.pairs)
        try await DatabaseQueue(path: newer).write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('2: the future')")
        }
        await #expect(throws: LinkStoreError.newer(path: newer)) {
            try await LinkStore.open(at: newer, sync: "shop", pairs: Self.pairs)
        }
        #expect(try await LinkReader.open(at: folder.path + "/none.sqlite") == nil)
        await #expect(throws: LinkStoreError.self) {
            try await LinkStore.open(at: path + "/below/links.sqlite", sync: "shop", pairs: Self.pairs)
        }
    }

    @Test func aBackupIsWhatIsDurableWhileMoreIsStored() async throws {
        let store = try await open()
        try await store.store(links(1..<3000), isDurable: true)
        try await store.store(links(3000..<6000), isDurable: false)
        let copy = folder.path + "/copy.sqlite"
        let reader = try #require(try await LinkReader.open(at: path))
        try await reader.backup(to: copy)
        try await store.store(links(6000..<6100), isDurable: true)
        let rights = try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? NSNumber
        #expect(rights?.intValue == 0o600)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("copy") } == [
                "copy.sqlite"
            ]
        )
        let restored = try await LinkStore.open(at: copy, sync: "shop", pairs: Self.pairs)
        #expect(try await restored.page(of: 0, after: 0, limit: .max).count == 2999)
        #expect(restored.id == store.id)
    }
}
