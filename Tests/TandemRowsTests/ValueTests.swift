import TandemRows
import TandemTesting
import Testing

@Suite struct ValueTests {
    /// Out of a column and into one again nothing is lost, whatever the type.
    @Test func valuesOutliveTheirBatch() throws {
        let seed = UInt64.random(in: 0 ... .max)
        let schema = RandomBatches.schema(TableName(schema: "s", table: "t"))
        var random = RandomBatches(schema, seed: seed, nulls: 0.2, longest: 300)
        let batch = random.batch(rows: 50)
        for (column, values) in zip(schema.columns, batch.columns) {
            let taken = (0..<batch.rowCount).map { Value($0, of: values) }
            let again = try #require(Column(taken, as: column.type), "seed \(seed): \(column.name)")
            for row in 0..<batch.rowCount {
                #expect(Value(row, of: again) == taken[row], "seed \(seed): \(column.name)")
                #expect(again.text(row, as: column.type) == values.text(row, as: column.type))
                #expect(taken[row].text(as: column.type) == values.text(row, as: column.type))
            }
        }
    }

    @Test func whatIsNoneOfATypeIsRefused() {
        #expect(Column([.text("5")], as: .int32) == nil)
        #expect(Column([.number(5)], as: .text) == nil)
        #expect(Column([.list([.number(1)])], as: .list(.text)) == nil)
        #expect(Column([.number(1)], as: .interval) == nil)
        #expect(Value.null.text(as: .int32) == nil)
    }
}
