import Testing

@testable import TandemPostgres

@Suite struct UntoldChangeTests {
    @Test func warningsOfThePluginNameTheTable() {
        let first = UntoldChange("no tuple identifier for UPDATE in table \"public\".\"no\"tes\"")
        #expect(first == UntoldChange(schema: "public", table: "no\"tes"))
        #expect(
            UntoldChange("no tuple identifier for DELETE in table \"a\".\"b\"") == UntoldChange(schema: "a", table: "b")
        )
        let old = UntoldChange("table \"notes\" without primary key or replica identity is nothing")
        #expect(old == UntoldChange(schema: nil, table: "notes"))
    }

    @Test(arguments: [
        "", "no tuple data for INSERT in table \"a\".\"b\"", "no tuple identifier for UPDATE in table \"",
        "no tuple identifier for UPDATE in table \"a\"", "table \" without primary key or replica identity is nothing",
    ]) func otherWordsDoNot(notice: String) { #expect(UntoldChange(notice) == nil) }
}
