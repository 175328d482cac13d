import TandemRows
import Testing

/// Keys that are kept apart from their rows.
@Suite struct RowKeyTests {
    private static let texts = ["plain", "", "with \"quotes\" and \u{1F600}", "n5"]

    private static func column(_ texts: [[UInt8]]) -> Column {
        let storage = ByteStorage()
        let views = texts.map { text in
            let start = text.withUnsafeBytes { storage.append($0) }
            return ByteViews.View(start: UInt32(start), length: UInt32(text.count))
        }
        return Column(storage: .bytes(ByteViews(views: views, storage: storage)))
    }

    private static let columns: [(ColumnType, Column)] = [
        (.bool, Column(storage: .bool([true, false, true, false]))),
        (.int16, Column(storage: .int16([.min, -1, 0, .max]))),
        (.int32, Column(storage: .int32([.min, -1, 0, .max]))),
        (.int64, Column(storage: .int64([.min, -1, 0, .max]))),
        (.date, Column(storage: .int32([.max, -1, 0, 20_000]))),
        (.timestampTZ, Column(storage: .int64([.max, -1, 0, 1 << 50]))),
        (.uuid, Column(storage: .int128([.min, -1, 0, .max]))),
        (.decimal(precision: 4, scale: 2), Column(storage: .int16([-9999, 0, 1, 9999]))),
        (.decimal(precision: 9, scale: 2), Column(storage: .int32([-9999, 0, 1, 9999]))),
        (.decimal(precision: 18, scale: 2), Column(storage: .int64([-9999, 0, 1, 9999]))),
        (.decimal(precision: 38, scale: 2), Column(storage: .int128([.min, 0, 1, .max]))),
        (.float32, Column(storage: .float32([-0.0, .infinity, 1.5, .pi]))),
        (.float64, Column(storage: .float64([-0.0, .infinity, 1.5, .pi]))),
        (.text, column(texts.map { Array($0.utf8) })),
        (.bytes, column([[0, 255], [], [128], [104, 105]])),
    ]

    @Test func everyTypeComesBackAsItWas() throws {
        for (type, column) in Self.columns {
            let batch = RowBatch(rowCount: 4, columns: [column], byteCount: 0)
            let keys = try (0..<4).map { try #require(RowKey($0, of: batch, columns: [0])) }
            if type != .bool { #expect(Set(keys).count == 4, "\(type)") }
            #expect(keys.map { RowKey(texts: $0.texts) } == keys, "\(type)")
            let back = try #require(RowBatch(keys, as: [type]))
            let again = (0..<4).map { RowKey($0, of: back, columns: [0]) }
            #expect(again == keys, "\(type)")
            let picked = batch.picking([3, 1])
            #expect([RowKey(0, of: picked, columns: [0]), RowKey(1, of: picked, columns: [0])] == [keys[3], keys[1]])
        }
    }

    @Test func keysOfSeveralColumnsAreTheirOwn() throws {
        let batch = RowBatch(rowCount: 4, columns: Self.columns.map(\.1), byteCount: 0)
        let key = try #require(RowKey(2, of: batch, columns: [2, 13]))
        #expect(key.texts == ["n0", "twith \"quotes\" and \u{1F600}"])
        #expect(RowKey(2, of: batch, columns: [13, 2]) != key)
        #expect(RowBatch([key], as: [.int32]) == nil && RowBatch([key], as: [.text, .int32]) == nil)
    }

    @Test func whatIsNoKeyIsNone() {
        let null = Column(storage: .int32([1]), validity: Bitmap(repeating: false, count: 1))
        let absent = Column(storage: .int32([1]), absent: Bitmap(repeating: true, count: 1))
        let list = Column(storage: .list(offsets: [0, 0], values: Column(storage: .int32([]))))
        for column in [null, absent, list] {
            #expect(RowKey(0, of: RowBatch(rowCount: 1, columns: [column], byteCount: 0), columns: [0]) == nil)
        }
        for texts in [[], ["5"], ["nx"], ["x1"], ["xgg"], [""]] { #expect(RowKey(texts: texts) == nil, "\(texts)") }
    }

    @Test func listsArePickedWithTheirValues() {
        let values = Column(storage: .int32([1, 2, 3, 4]))
        let column = Column(storage: .list(offsets: [0, 2, 2, 4], values: values))
        let picked = RowBatch(rowCount: 3, columns: [column], byteCount: 0).picking([2, 1, 0])
        let texts = (0..<3).map { picked.columns[0].text($0, as: .list(.int32)) }
        #expect(texts == ["{3,4}", "{}", "{1,2}"])
    }
}
