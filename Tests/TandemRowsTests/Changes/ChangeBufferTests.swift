import TandemRows
import Testing

@Suite struct ChangeBufferTests {
    private func net(_ changes: [RawChange], columns: Int = 2, identity: [Int] = [0]) throws -> NetTuples {
        var buffer = ChangeBuffer(columnCount: columns, identity: identity)
        for change in changes { try buffer.take(change) }
        return buffer.takeNet()
    }

    private func row(_ values: String?...) -> RawRow { values.map { $0.map(RawCell.value) ?? .absent } }

    @Test func aRowThatCameAndWentIsOnlyRemoved() throws {
        let net = try net([.insert(row("1", "a")), .delete(row("1", nil))])
        #expect(net.written.isEmpty && net.patched.isEmpty)
        #expect(net.removed.flatMap(\.rawRows) == [row("1")])
        #expect(net.changeCount == 2)
    }

    @Test func aChainOfKeysKeepsItsOrigin() throws {
        let net = try net([
            .update(old: row("1", nil), new: row("2", nil)), .update(old: row("2", nil), new: row("3", nil)),
            .insert(row("1", "new")),
        ])
        #expect(net.patched.flatMap(\.keys.rawRows) == [row("1")])
        #expect(net.patched.flatMap(\.rows.rawRows) == [row("3", nil)])
        #expect(net.written.flatMap(\.rawRows) == [row("1", "new")])
        #expect(Set(net.removed.flatMap(\.rawRows)) == [row("2"), row("3")])
    }

    private func kept(_ changes: [RawChange], identity: [Int] = [0]) throws -> NetTuples {
        var buffer = ChangeBuffer(columnCount: 2, identity: identity, keepsDeletions: true)
        for (number, change) in changes.enumerated() {
            buffer.time = Double(number)
            try buffer.take(change)
        }
        return buffer.takeNet()
    }

    @Test func deletionsAreToldApartFromWhatIsReplacedWithTheirTimes() throws {
        let net = try kept([
            .delete(row("1", nil)), .insert(row("2", "b")), .update(old: row("3", nil), new: row("4", nil)),
            .delete(row("5", nil)), .insert(row("5", "back")), .insert(row("6", "x")), .delete(row("6", nil)),
        ])
        #expect(net.deleted.flatMap(\.rows.rawRows) == [row("1"), row("3"), row("6")])
        #expect(net.deleted.flatMap(\.times) == [0, 2, 6])
        #expect(Set(net.removed.flatMap(\.rawRows)) == [row("2"), row("4"), row("5")])
        #expect(net.patched.flatMap(\.keys.rawRows) == [row("3")])
        let emptied = try kept([.delete(row("1", nil)), .truncate, .insert(row("2", "b"))])
        #expect(emptied.emptiedAt == 1 && emptied.deleted.isEmpty)
        #expect(emptied.removed.flatMap(\.rawRows) == [row("2")], "what is marked makes way")
    }

    @Test func aRowWithoutAKeyThatIsUpdatedAndDeletedWasDeleted() throws {
        let (a, b, c) = (row("1", "a"), row("2", "b"), row("3", "c"))
        let chain = try kept([.update(old: a, new: b), .update(old: b, new: c), .delete(c)], identity: [])
        #expect(chain.deleted.flatMap(\.rows.rawRows) == [a] && chain.deleted.flatMap(\.times) == [2])
        #expect(chain.removed.isEmpty && chain.written.isEmpty)
        let updated = try kept([.update(old: a, new: b), .delete(c)], identity: [])
        #expect(updated.removed.flatMap(\.rawRows) == [a] && updated.written.flatMap(\.rawRows) == [b])
        #expect(updated.deleted.flatMap(\.rows.rawRows) == [c])
        let new = try kept([.insert(a), .update(old: a, new: b), .delete(b)], identity: [])
        #expect(new.deleted.isEmpty && new.removed.isEmpty && new.written.isEmpty)
    }

    @Test func aSwapPatchesBothFromEachOther() throws {
        let net = try net([
            .update(old: row("1", nil), new: row("3", nil)), .update(old: row("2", nil), new: row("1", nil)),
            .update(old: row("3", nil), new: row("2", nil)),
        ])
        let patches = zip(net.patched.flatMap(\.keys.rawRows), net.patched.flatMap(\.rows.rawRows))
        #expect(Dictionary(uniqueKeysWithValues: patches) == [row("1"): row("2", nil), row("2"): row("1", nil)])
        #expect(net.removed.flatMap(\.rawRows) == [row("3")])
    }

    @Test func absentValuesComeFromTheRowAsItWas() throws {
        let chain = try net([
            .insert(row("1", "long")), .update(old: nil, new: row("1", nil)), .update(old: nil, new: row("1", nil)),
        ])
        #expect(chain.written.flatMap(\.rawRows) == [row("1", "long")])
        let full = try net([.update(old: row("1", "long"), new: row("1", nil))])
        #expect(full.written.flatMap(\.rawRows) == [row("1", "long")])
        #expect(full.patched.isEmpty)
        let key = try net([.update(old: row("1", nil), new: row(nil, "b"))])
        #expect(key.written.flatMap(\.rawRows) == [row("1", "b")])
    }

    @Test func truncatingForgetsWhatWas() throws {
        let net = try net([.update(old: nil, new: row("1", nil)), .truncate, .insert(row("2", "b"))])
        #expect(net.isEmptied)
        #expect(net.removed.isEmpty && net.patched.isEmpty)
        #expect(net.written.flatMap(\.rawRows) == [row("2", "b")])
        #expect(net.changeCount == 3)
    }

    @Test func nothingIsRemovedFromAnEmptiedTable() throws {
        for identity in [[0], []] {
            let net = try net([.truncate, .delete(row("1", "a")), .insert(row("2", "b"))], identity: identity)
            #expect(net.isEmptied && net.removed.isEmpty)
            #expect(net.written.flatMap(\.rawRows) == [row("2", "b")])
        }
    }

    @Test func rowsWithoutIdentityCount() throws {
        let null: RawRow = [.null, .value("")]
        let net = try net(
            [
                .insert(null), .insert(null), .delete(null), .delete([.value(""), .null]), .delete(row("1", "a")),
                .delete(row("1", "a")), .update(old: row("1", "b"), new: row(nil, "c")),
                .update(old: row("1", "d"), new: row("1", "d")),
            ],
            identity: []
        )
        #expect(net.written.flatMap(\.rawRows) == [null, row("1", "c")])
        #expect(
            net.removed.flatMap(\.rawRows) == [[.value(""), .null], row("1", "a"), row("1", "a"), row("1", "b")]
        )
    }

    @Test func whatCannotBeFollowedIsRefused() {
        func refusal(_ changes: [RawChange], identity: [Int] = [0]) -> UnusableChange? {
            #expect(throws: UnusableChange.self) { try net(changes, identity: identity) }
        }
        #expect(refusal([.insert(row("1", nil))]) == .absentValue)
        #expect(refusal([.delete(row(nil, "a"))]) == .absentKey)
        #expect(refusal([.update(old: row(nil, "a"), new: row("1", "a"))]) == .absentKey)
        #expect(refusal([.update(old: nil, new: row(nil, "a"))]) == .absentKey)
        #expect(refusal([.delete(row("1", nil)), .update(old: nil, new: row("1", nil))]) == .unknownRow)
        #expect(refusal([.delete(row("1", nil)), .update(old: row("1", nil), new: row("2", nil))]) == .unknownRow)
        #expect(refusal([.truncate, .update(old: nil, new: row("1", nil))]) == .unknownRow)
        #expect(refusal([.truncate, .update(old: row("1", nil), new: row("2", nil))]) == .unknownRow)
        #expect(refusal([.update(old: nil, new: row("1", "a"))], identity: []) == .absentRow)
        #expect(refusal([.update(old: row("1", nil), new: row("1", "a"))], identity: []) == .absentValue)
        #expect(refusal([.delete(row("1", nil))], identity: []) == .absentValue)
    }

    @Test func aRefusedChangeLeavesNothing() throws {
        var buffer = ChangeBuffer(columnCount: 2, identity: [0])
        try buffer.take(.delete(row("1", nil)))
        #expect(throws: UnusableChange.unknownRow) { try buffer.take(.update(old: nil, new: row("1", nil))) }
        try buffer.take(.insert(row("2", "b")))
        let net = buffer.takeNet()
        #expect(net.changeCount == 2)
        #expect(net.written.flatMap(\.rawRows) == [row("2", "b")])
        #expect(net.removed.flatMap(\.rawRows) == [row("1"), row("2")])
    }

    @Test func aTableWithoutColumnsHasRows() throws {
        let net = try net([.insert([]), .insert([]), .delete([])], columns: 0, identity: [])
        #expect(net.written.map(\.rowCount) == [1])
        #expect(net.removed.isEmpty)
    }

    @Test func everyByteOfAKeyCounts() throws {
        for length in 0...40 {
            let key = String(repeating: "k", count: length)
            let others = (0..<length).map { at in String(key.prefix(at)) + "j" + String(key.dropFirst(at + 1)) }
            let keys = [key, key + "k"] + others
            let net = try net(keys.map { .insert(row($0, "a")) } + keys.map { .insert(row($0, "b")) })
            #expect(net.written.flatMap(\.rawRows) == keys.map { row($0, "b") })
        }
    }

    @Test func manyKeysAreToldApart() throws {
        let count = 100_000
        let changes = (0..<count).map { RawChange.insert(row("\($0)", "a")) }
        let again = (0..<count).map { RawChange.update(old: nil, new: row("\($0)", nil)) }
        let written = try net(changes + again).written.flatMap(\.rawRows)
        #expect(written.count == count)
        #expect(Set(written).count == count)
    }
}
