import TandemRows
import Testing

@Suite struct ChangeBufferSizeTests {
    private func buffer(_ count: Int, size: Int = 3, identity: [Int] = [0], limit: Int = 1 << 30) throws -> ChangeBuffer
    {
        var buffer = ChangeBuffer(columnCount: 2, identity: identity, byteLimit: limit)
        for key in 0..<count {
            try buffer.take(.insert([.value("\(key)"), .value(String(repeating: "x", count: size))]))
        }
        return buffer
    }

    @Test(arguments: [[0], []]) func manyRowsMakeSeveralBatches(_ identity: [Int]) throws {
        var buffer = try buffer(5000, identity: identity)
        let net = buffer.takeNet()
        #expect(net.written.map(\.rowCount) == [2048, 2048, 904])
        #expect(net.written.flatMap(\.rawRows).map { $0[0] } == (0..<5000).map { .value("\($0)") })
        #expect(net.removed.map(\.rowCount) == (identity.isEmpty ? [] : [2048, 2048, 904]))
        #expect(net.written[2].byteCount == 904 * (4 + 3))
        #expect(net.written.allSatisfy { $0.isFull })
    }

    @Test func wideRowsMakeSeveralBatches() throws {
        var buffer = try buffer(20, size: 1 << 20)
        for key in 100..<110 {
            let value = RawCell.value("\(key)" + String(repeating: "y", count: 1 << 20))
            try buffer.take(.update(old: [.value("\(key)"), .absent], new: [value, .absent]))
        }
        let net = buffer.takeNet()
        #expect(net.written.map(\.rowCount) == [4, 4, 4, 4, 4])
        #expect(net.written.allSatisfy { $0.byteCount >= RowBatch.byteLimit })
        #expect(net.removed.map(\.rowCount) == [24, 4, 2])
        #expect(net.patched.map(\.rows.rowCount) == [4, 4, 2])
        #expect(net.patched.map(\.keys.rowCount) == [4, 4, 2])
    }

    @Test func memoryIsCountedAndLimited() throws {
        var buffer = try buffer(0, limit: 100_000)
        #expect(buffer.byteCount == 0 && buffer.isEmpty && !buffer.isFull)
        var count = 0
        while !buffer.isFull {
            try buffer.take(.update(old: nil, new: [.value("k"), .value(String(repeating: "z", count: 995))]))
            count += 1
        }
        #expect(buffer.byteCount >= 100_000)
        #expect(count == 100)
        #expect(!buffer.isEmpty && buffer.changeCount == count)
        let net = buffer.takeNet()
        #expect(net.written.map(\.byteCount) == [996])
        #expect(buffer.byteCount == 0 && buffer.isEmpty && !buffer.isFull)
    }

    @Test func whatWasTakenOutlivesWhatComes() throws {
        var buffer = try buffer(3000)
        let first = buffer.takeNet()
        for key in 0..<3000 { try buffer.take(.insert([.value("other \(key)"), .null])) }
        let second = buffer.takeNet()
        #expect(first.written.flatMap(\.rawRows).last == [.value("2999"), .value("xxx")])
        #expect(second.written.flatMap(\.rawRows).last == [.value("other 2999"), .null])
    }

    @Test func rowsOfASharedStorageCanBeRefused() throws {
        var buffer = try buffer(3)
        var rows = buffer.takeNet().written[0]
        var refused = Bitmap(repeating: false, count: 3)
        refused.set(1)
        rows.remove(refused)
        #expect(rows.rawRows.map { $0[0] } == [.value("0"), .value("2")])
        rows.removeAll()
        #expect(rows.rowCount == 0 && rows.byteCount == 0 && !rows.isFull)
    }
}
