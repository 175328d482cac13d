import TandemRows
import Testing

@Suite struct ColumnTypeTests {
    @Test func everyTypeIsReadAsItIsWritten() {
        let simple: [ColumnType] = [
            .bool, .int16, .int32, .int64, .float32, .float64, .text, .json, .bytes, .date, .time, .timeTZ, .timestamp,
            .timestampTZ, .interval, .uuid, .decimal(precision: 1, scale: 0), .decimal(precision: 38, scale: 38),
        ]
        for type in simple + simple.map({ .list($0) }) + [.list(.list(.text))] {
            #expect(ColumnType(type.description) == type)
        }
    }

    @Test(arguments: ["", "int", "[]", "decimal", "decimal(0,0)", "decimal(39,1)", "decimal(5,6)", "decimal(5)", "a[]"])
    func whatNoTypeIsWrittenAsIsNone(text: String) {
        #expect(ColumnType(text) == nil)
    }
}
