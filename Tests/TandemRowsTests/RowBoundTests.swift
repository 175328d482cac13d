import TandemRows
import Testing

struct RowBoundTests {
    private func condition(_ bound: RowBound) -> String {
        bound.condition {
            "c\($0)"
        } literal: { value, _ in
            "'\(value.text(as: .int32) ?? "")'"
        }
    }

    @Test func itIsAboveAPlaceByTheFirstColumnOrAll() {
        #expect(condition(RowBound(columns: [4], lower: [.number(7)])) == "c4 >= '7' OR c4 IS NULL")
        #expect(condition(RowBound(columns: [4, 0], lower: [.number(7)])) == "c4 >= '7' OR c4 IS NULL OR c0 IS NULL")
        #expect(
            condition(RowBound(columns: [1, 0, 2], lower: [.number(7), .number(8), .number(9)]))
                == "(c1 > '7' OR (c1 = '7' AND (c0 > '8' OR (c0 = '8' AND c2 >= '9')))) "
                + "OR c1 IS NULL OR c0 IS NULL OR c2 IS NULL"
        )
    }

    @Test func pickedRowsKeepTheirCells() {
        let storage = ByteStorage()
        let views = ["a", "", "ccc"].map { text in
            var text = text
            let start = text.withUTF8 { storage.append(UnsafeRawBufferPointer($0)) }
            return ByteViews.View(start: UInt32(start), length: UInt32(text.utf8.count))
        }
        var validity = Bitmap(repeating: true, count: 3)
        validity.clear(1)
        let batch = RowBatch(
            rowCount: 3,
            columns: [
                Column(storage: .bytes(ByteViews(views: views, storage: storage)), validity: validity),
                Column(storage: .list(offsets: [0, 2, 2, 3], values: Column(storage: .int32([1, 2, 3])))),
            ],
            byteCount: 30
        )
        let picked = batch.picking([2, 1, 0])
        let texts = (0..<3).map { row in
            [picked.columns[0].text(row, as: .text), picked.columns[1].text(row, as: .list(.int32))]
        }
        #expect(texts == [["ccc", "{3}"], [nil, "{}"], ["a", "{1,2}"]])
        #expect(batch.picking([]).rowCount == 0)
    }
}
