import TandemRows
import TandemTesting
import Testing

/// Some rows of a batch.
struct PickingTests {
    @Test func nothingOfTheBatchStaysWithThem() {
        let sample = SampleTable(TableName(schema: "s", table: "t"), ids: 0..<500)
        for batch in sample.batches() where batch.rowCount > 3 {
            let places = [3, 1, 1]
            let picked = batch.picking(places)
            #expect(picked.rowCount == 3)
            for (column, old) in zip(picked.columns, batch.columns) {
                for (row, place) in places.enumerated() {
                    #expect(column.isNull(row) == old.isNull(place))
                }
                guard case .bytes(let bytes) = column.storage, case .bytes(let all) = old.storage else { continue }
                #expect(bytes.storage !== all.storage)
                #expect(bytes.storage.count == places.reduce(0) { $0 + Int(all.views[$1].length) })
                for (row, place) in places.enumerated() { #expect(Array(bytes[row]) == Array(all[place])) }
            }
        }
    }
}
