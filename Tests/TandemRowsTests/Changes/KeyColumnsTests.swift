import Testing

@testable import TandemRows

@Suite struct KeyColumnsTests {
    /// Hash and equality of two rows of one value.
    private func compare(_ one: String?, _ other: String?) -> (hashes: [UInt32], areEqual: Bool) {
        let bytes = ByteStorage()
        let rows = [one, other].map { value in
            guard let value else { return TupleBuffer.Cell.null }
            let start = Array(value.utf8).withUnsafeBytes { bytes.append($0) }
            return TupleBuffer.Cell(start: UInt32(start), length: Int32(value.utf8.count))
        }
        let keys = KeyColumns(columns: [0])
        return rows.withUnsafeBufferPointer { rows in
            guard let first = rows.baseAddress else { return ([], false) }
            let hashes = [keys.hash(first, in: bytes.base), keys.hash(first + 1, in: bytes.base)]
            return (hashes, keys.areEqual(first, first + 1, in: bytes.base))
        }
    }

    @Test(arguments: ["", "a", "abc", "abcd", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmnop", nil])
    func equalBytesAreEqualWhereverTheyLie(_ value: String?) {
        let result = compare(value, value)
        #expect(result.areEqual)
        #expect(result.hashes[0] == result.hashes[1])
    }

    @Test func whatDiffersDiffers() {
        let pairs: [(String?, String?)] = [
            (nil, ""), ("", "a"), ("a", "aa"), ("abc", "abd"), ("abcdefgh", "abcdefgx"),
            ("abcdefghijk", "abcdefghijx"), ("abcdefghijk", "xbcdefghijk"), ("abcdefgh", "abcdefghi"),
        ]
        for (one, other) in pairs {
            let result = compare(one, other)
            #expect(!result.areEqual, "\(one ?? "null"), \(other ?? "null")")
            #expect(result.hashes[0] != result.hashes[1])
        }
    }

    /// Found by trying: what happens once in four thousand million pairs.
    @Test(arguments: [
        ("18755", "27696"), ("9207", "112642"), ("customer number 38260", "customer number 99847"),
        ("key152251", "key168970"),
    ])
    func keysWithTheSameHashAreToldApart(_ one: String, _ other: String) throws {
        let result = compare(one, other)
        #expect(result.hashes[0] == result.hashes[1])
        #expect(!result.areEqual)
        var buffer = ChangeBuffer(columnCount: 1, identity: [0])
        try buffer.take(.insert([.value(one)]))
        try buffer.take(.insert([.value(other)]))
        try buffer.take(.delete([.value(other)]))
        let net = buffer.takeNet()
        #expect(net.written.flatMap(\.rawRows) == [[.value(one)]])
        #expect(net.removed.flatMap(\.rawRows) == [[.value(one)], [.value(other)]])
    }
}
