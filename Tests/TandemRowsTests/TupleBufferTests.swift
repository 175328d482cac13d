import TandemRows
import Testing

@Suite struct TupleBufferTests {
    /// Appends rows of one cell each.
    private func buffer(_ values: [[UInt8]]) -> TupleBuffer {
        var buffer = TupleBuffer(columnCount: 1)
        for value in values {
            value.withUnsafeBytes { bytes in
                buffer.append(bytes) { (start, cells) throws(Never) in
                    cells[0] = .init(start: start, length: Int32(bytes.count))
                }
            }
        }
        return buffer
    }

    private func values(_ buffer: TupleBuffer) -> [[UInt8]] {
        buffer.withCells(of: 0) { cells, base in
            cells.map { Array(UnsafeRawBufferPointer(start: base + Int($0.start), count: Int($0.length))) }
        }
    }

    @Test func keepsRowsInOrder() {
        let rows: [[UInt8]] = (0..<RowBatch.rowLimit).map { Array(repeating: UInt8($0 & 255), count: $0 % 300) }
        let buffer = buffer(rows)
        #expect(values(buffer) == rows)
        #expect(buffer.isFull)
    }

    @Test func wideRowsFillItBeforeTheRowLimit() {
        let buffer = buffer([Array(repeating: 1, count: RowBatch.byteLimit)])
        #expect(buffer.isFull)
        #expect(buffer.rowCount == 1)
    }

    @Test func removesRefusedRows() {
        var buffer = buffer([[0], [1], [2], [3]])
        var refused = Bitmap(repeating: false, count: 4)
        refused.set(0)
        refused.set(2)
        buffer.remove(refused)
        #expect(values(buffer) == [[1], [3]])
    }

    @Test func sharedBytesSurviveEmptying() {
        var buffer = buffer([[7, 8, 9]])
        let shared = ByteViews(views: [.init(start: 0, length: 3)], storage: buffer.storage)
        buffer.removeAll()
        [1, 1, 1].withUnsafeBytes { bytes in
            buffer.append(bytes) { (start, cells) throws(Never) in cells[0] = .init(start: start, length: 3) }
        }
        #expect(Array(shared[0]) == [7, 8, 9])
    }

    @Test func unsharedMemoryIsUsedAgain() {
        var buffer = buffer([[1]])
        let before = buffer.storage.base
        buffer.removeAll()
        #expect(buffer.storage.base == before)
        #expect(buffer.rowCount == 0)
    }
}
