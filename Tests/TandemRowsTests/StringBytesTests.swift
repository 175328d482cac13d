import TandemRows
import Testing

/// What is one character to Swift is several to a database.
@Suite struct StringBytesTests {
    @Test func quotesBeforeAccentsAreQuotes() {
        #expect("a\"\u{301}b".replacing(bytes: "\"", with: "\"\"").isExactly("a\"\"\u{301}b"))
        #expect("\r\n".replacing(bytes: "\n", with: " ").isExactly("\r "))
        #expect("aaa".replacing(bytes: "aa", with: "b") == "ba")
        #expect("é".replacing(bytes: "", with: "x") == "é")
        #expect("a\\\u{301}".contains(byte: "\\") && !"a".contains(byte: "\\"))
        #expect("a\r\nb\u{2028}c\n\u{301}d".onOneLine.isExactly("a  b c \u{301}d"))
        #expect(!"e\u{301}".isExactly("é"))
    }

    @Test func tablesAreToldApartByBytes() {
        let names = ["é", "e\u{301}", "e", "É"].map { TableName(schema: "s", table: $0) }
        #expect(Set(names).count == 4)
        #expect(names.sorted().map(\.table.utf8.count) == [1, 3, 2, 2])
        #expect(TableName(schema: "é", table: "t") != TableName(schema: "e\u{301}", table: "t"))
        // The parts' ends count.
        #expect(Set([TableName(schema: "a", table: "bc"), TableName(schema: "ab", table: "c")]).count == 2)
    }
}
