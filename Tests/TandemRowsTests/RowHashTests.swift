import TandemRows
import Testing

@Suite struct RowHashTests {
    private func texts(_ values: [String?]) -> Column {
        let storage = ByteStorage()
        var validity = Bitmap(repeating: true, count: values.count)
        let views = values.enumerated().map { index, value in
            if value == nil { validity.clear(index) }
            let start = Array((value ?? "").utf8).withUnsafeBytes { storage.append($0) }
            return ByteViews.View(start: UInt32(start), length: UInt32((value ?? "").utf8.count))
        }
        return Column(storage: .bytes(ByteViews(views: views, storage: storage)), validity: validity)
    }

    private func hashes(_ columns: [Column], rows: Int) -> [UInt64] {
        RowHash.hashes(of: RowBatch(rowCount: rows, columns: columns, byteCount: 0), columns: columns.indices)
    }

    @Test func equalRowsAreEqualWhereverTheyLie() {
        let one = hashes([Column(storage: .int64([5, 6])), texts(["a", "long enough for two words"])], rows: 2)
        let other = hashes([Column(storage: .int64([6, 5])), texts(["long enough for two words", "a"])], rows: 2)
        #expect(one == other.reversed())
    }

    @Test func whatDiffersHasDifferentHashes() {
        var seen: [UInt64: Int] = [:]
        let rows: [[Column]] = [
            [texts([nil]), texts([""])], [texts([""]), texts([nil])], [texts([""]), texts([""])],
            [texts(["a"]), texts(["b"])], [texts(["b"]), texts(["a"])], [texts(["ab"]), texts([""])],
            [texts(["\u{0}"]), texts([""])], [texts(["12345678"]), texts([""])], [texts(["123456789"]), texts([""])],
            [Column(storage: .float64([0])), texts([""])], [Column(storage: .float64([-0.0])), texts([""])],
            [Column(storage: .list(offsets: [0, 2], values: texts(["a", "b"]))), texts([""])],
            [Column(storage: .list(offsets: [0, 1], values: texts(["ab"]))), texts([""])],
            [Column(storage: .list(offsets: [0, 1], values: texts([nil]))), texts([""])],
            [Column(storage: .list(offsets: [0, 0], values: texts([]))), texts([""])],
            [Column(storage: .interval([Interval(months: 1, days: 0, microseconds: 0)])), texts([""])],
            [Column(storage: .interval([Interval(months: 0, days: 30, microseconds: 0)])), texts([""])],
            [Column(storage: .int128([1 << 64])), texts([""])],
        ]
        for (index, row) in rows.enumerated() {
            let hash = hashes(row, rows: 1)[0]
            #expect(seen[hash] == nil, "rows \(index) and \(seen[hash] ?? -1)")
            seen[hash] = index
        }
    }

    @Test func everyBitOfANumberCounts() {
        let numbers = (0..<64).map { Int64(bitPattern: 1 << UInt64($0)) } + [0, -1]
        #expect(Set(hashes([Column(storage: .int64(numbers))], rows: numbers.count)).count == numbers.count)
    }
}
