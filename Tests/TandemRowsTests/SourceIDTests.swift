import TandemRows
import TandemTesting
import Testing

@Suite struct SourceIDTests {
    @Test func idsAreToldApartByBytes() {
        #expect(TableID(16384) == TableID("16384"))
        #expect(ColumnID("é") != ColumnID("e\u{301}"))
        #expect(Set([ColumnID("é"), ColumnID("e\u{301}"), ColumnID("é")]).count == 2)
        #expect([ColumnID(10), ColumnID(9), ColumnID(100)].sorted() == [ColumnID(9), ColumnID(10), ColumnID(100)])
    }

    /// A source that tells tables by their names has no two of one id, whatever the names hold.
    @Test func namesMakeIDsOfTheirOwn() {
        let names = [("a", "b.c"), ("a.b", "c"), ("a\".\"b", "c"), ("a", "b\".\"c"), ("", "a"), ("a", "")]
        let ids = names.map { TableID(named: TableName(schema: $0, table: $1)) }
        #expect(Set(ids).count == names.count)
        let table = TableSchema(name: TableName(schema: "s", table: "t"), columns: [], identity: [])
        #expect(table.id == TableID(named: table.name))
        #expect(ColumnSchema(name: "x", type: .text, nativeType: "").id == ColumnID("x"))
    }
}
