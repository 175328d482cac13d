import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Text in, values out; and text that makes no sense, which throws.
@Suite struct TextDecodingTests {
    private func decode(_ decoder: TextDecoder, _ cells: [String?]) throws -> DecodedColumn {
        let buffer = TupleBuffer(columns: 1, rows: cells.map { [$0] })
        return try ColumnDecoding(.text(decoder), checksUTF8: false).decode(buffer, column: 0)
    }

    private func texts(_ decoder: TextDecoder, _ type: ColumnType, _ cells: [String?]) throws -> [String?] {
        let column = try decode(decoder, cells).column
        return cells.indices.map { column.text($0, as: type) }
    }

    private static let comma = UInt8(ascii: ",")

    /// What both plugins write: wal2json has JSON's booleans, and no prefix before bytes.
    @Test func bothPluginsSpellings() throws {
        let flags = ["t", "f", "true", "false", nil]
        #expect(try texts(.bool, .bool, flags) == ["true", "false", "true", "false", nil])
        #expect(try texts(.boolText, .text, flags) == ["t", "f", "t", "f", nil])
        let bytes = ["\\x00fF", "00ff", "\\x", "", nil]
        #expect(try texts(.bytes, .bytes, bytes) == ["\\x00ff", "\\x00ff", "\\x", "\\x", nil])
        #expect(try texts(.bytesText, .text, ["\\x01", nil]) == ["\\x01", nil])
        #expect(try texts(.bytesText, .text, bytes) == ["\\x00fF", "\\x00ff", "\\x", "\\x", nil])
    }

    @Test func decimals() throws {
        let cells = ["1.45", "-5", "0", "0.01", "-99.99", nil]
        for precision in [4, 9, 18, 38] {
            let type = ColumnType.decimal(precision: precision, scale: 2)
            let expected = ["1.45", "-5.00", "0.00", "0.01", "-99.99", nil]
            #expect(try texts(.decimal(precision: precision, scale: 2), type, cells) == expected)
        }
        let nines = String(repeating: "9", count: 38)
        let widest = ColumnType.decimal(precision: 38, scale: 0)
        #expect(try texts(.decimal(precision: 38, scale: 0), widest, [nines, "-" + nines]) == [nines, "-" + nines])
    }

    @Test func decimalsThatDoNotFit() throws {
        let cells = ["NaN", "Infinity", "-Infinity", "100", "0.001", "-" + String(repeating: "9", count: 400), "99.00"]
        for (precision, most) in [(4, "99.99"), (38, String(repeating: "9", count: 36) + ".99")] {
            let decoded = try decode(.decimal(precision: precision, scale: 2), cells)
            #expect(decoded.unfit == (precision == 4 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 4, 5]))
            let type = ColumnType.decimal(precision: precision, scale: 2)
            let texts = cells.indices.map { decoded.column.text($0, as: type) }
            #expect(texts == [nil, most, "-" + most, precision == 4 ? most : "100.00", nil, "-" + most, "99.00"])
        }
    }

    @Test func floatsToTheBit() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let double = Double(bitPattern: random.next())
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            let short = Double(Int.random(in: -99_999...99_999, using: &random)) / 1000
            guard double.isFinite, float.isFinite else { continue }
            for value in [double, short] {
                let column = try decode(.float64, ["\(value)"]).column
                guard case .float64(let read) = column.storage else { continue }
                #expect(read[0].bitPattern == value.bitPattern, "\(value), seed \(seed)")
            }
            for value in [float, Float(short)] {
                let column = try decode(.float32, ["\(value)"]).column
                guard case .float32(let read) = column.storage else { continue }
                #expect(read[0].bitPattern == value.bitPattern, "\(value), seed \(seed)")
            }
        }
    }

    /// Every byte where each digit of a number of eight stands.
    @Test func hexadecimalDigits() throws {
        for place in 0..<8 {
            for byte in UInt8.min ... .max {
                var digits = Array("0123cDEf".utf8)
                digits[place] = byte
                let word = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                let text = String(decoding: digits, as: UTF8.self)
                let expected = text.allSatisfy(\.isHexDigit) && byte < 0x80 ? UInt32(text, radix: 16) : nil
                #expect(HexDigits.bytes(word)?.byteSwapped == expected, "\(digits)")
            }
        }
        for length in 0..<20 {
            let text = String(repeating: "a7", count: length)
            #expect(try texts(.bytes, .bytes, ["\\x" + text]) == ["\\x" + text])
        }
    }

    /// A server that does not know its text's encoding sends anything.
    @Test func textThatIsNoUTF8() throws {
        let bytes = Array("{\"caf".utf8) + [0xE9] + Array("\\\"\",caf".utf8) + [0xC3, 0xA9] + Array("}".utf8)
        let storage = ByteStorage()
        bytes.withUnsafeBytes { _ = storage.append($0) }
        let cells = [TupleBuffer.Cell(start: 0, length: Int32(bytes.count))]
        let list = ColumnDecoding(.text(.list(.text, delimiter: Self.comma)), checksUTF8: true)
        let decoded = try cells.withUnsafeBufferPointer { try list.decode(CellSpan(cells: $0, storage: storage)) }
        #expect(decoded.unfit == [0])
        #expect(decoded.column.text(0, as: .list(.text)) == "{caf\\351\",café}")
    }

    @Test func whatTextMayBecome() {
        let types = TypeMap([50_001: .domain(base: 17, modifier: -1)])
        #expect(types.native(23, modifier: -1).textDecoder(as: .int64) == nil)
        #expect(types.native(50_001, modifier: -1).textDecoder(as: .text) == .bytesText)
    }

    @Test func arraysOfEveryShape() throws {
        let cells: [String?] = [
            "{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={7,8}", "[1:1][-2:-1]={{1,2}}", nil,
        ]
        let decoded = try decode(.list(.int32, delimiter: Self.comma), cells)
        #expect(decoded.unfit == [2, 3, 4])
        let texts = cells.indices.map { decoded.column.text($0, as: .list(.int32)) }
        #expect(texts == ["{}", "{1,NULL,-3}", nil, nil, nil, nil])
        let quoted = ["{\"\",\"NULL\",NULL,\"a\\\"b\\\\\",\"{,}\"}", "{a b,null}"]
        let strings = try decode(.list(.text, delimiter: Self.comma), quoted).column
        #expect(strings.text(0, as: .list(.text)) == "{,NULL,NULL,a\"b\\,{,}}")
        #expect(strings.text(1, as: .list(.text)) == "{a b,null}")
        let boxes = try decode(.list(.text, delimiter: UInt8(ascii: ";")), ["{(1,1),(0,0);(2,2),(1,1)}"]).column
        guard case .list(let offsets, _) = boxes.storage else { return #expect(Bool(false)) }
        #expect(offsets == [0, 2])
    }

    @Test func cellsThatWereNotSent() throws {
        let forms: [ColumnDecoding.Form] = [
            .text(.int32), .text(.text), .text(.bytes), .text(.bytesText), .text(.boolText), .text(.uuid),
            .binary(.text),
            .text(.list(.int32, delimiter: Self.comma)), .binary(.list(.int32)), .binary(.int64),
        ]
        for form in forms {
            let buffer = TupleBuffer(columns: 1, rows: [[nil], [nil]], absent: [1])
            let column = try ColumnDecoding(form, checksUTF8: false).decode(buffer, column: 0).column
            let absent = try #require(column.absent)
            #expect(!absent[0] && absent[1] && column.isNull(0))
        }
        let sent = TupleBuffer(columns: 1, rows: [["10"], ["22"]])
        #expect(try ColumnDecoding(.text(.bytes), checksUTF8: false).decode(sent, column: 0).column.absent == nil)
    }

    @Test func malformedTextThrows() throws {
        let list = TextDecoder.list(.int32, delimiter: Self.comma)
        let wrong: [(TextDecoder, [String])] = [
            (.bool, ["", "T", "tr", "truee", "1"]), (.boolText, ["x"]),
            (.int16, ["", "-", "+1", "1.0", " 1", "1 ", "32768", "-32769", "0x1"]), (.int32, ["2147483648"]),
            (.int64, ["9223372036854775808", "-9223372036854775809", "99999999999999999999"]),
            (.float64, ["", "-", ".", "1.", ".5", "1e", "1e+", "nan", "inf", "0x1p3", "1e999", " 1", "1,5"]),
            (.float32, ["1e39", "--1", "Infinity "]),
            (.decimal(precision: 9, scale: 2), ["", "-", "1.", ".5", "1e3", "1.2.3", "nan", "--1", "1 "]),
            (.date, ["2024-01-infinity", "2024-01-", "2024:01-01", "20:4-01-01"]),
            (
                .bytes,
                [
                    "\\x0", "\\x00112233\u{10}0", "0011223G", "\\x0011223/", "001122:3", "@011223`", "\\xzz", "0g",
                    "\\x00 ",
                ]
            ),
            (.uuid, ["", "00000000-0000-0000-0000-00000000000", "00000000_0000-0000-0000-000000000000"]),
            (.uuid, ["0000000g-0000-0000-0000-000000000000"]),
            (
                .date,
                ["", "2024-1-1", "2024-13-01", "2024-00-01", "2023-02-29", "1900-02-29", "0000-01-01", "24-01-01"]
            ),
            (.date, ["2024-01-01 ", "2024-01-01 AD", "Infinity", "--infinity", "0002-02-29 BC", "12infinity"]),
            (.time, ["", "24:00:00.000001", "24:00:01", "12:60:00", "12:00:60", "12:00", "12:00:00.", "1:00:00"]),
            (.time, ["12:00:00.1234567"]), (.timeTZ, ["12:00:00", "12:00:00+16", "12:00:00+05:60", "12:00:00+5"]),
            (.timestamp, ["2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00+00", "2024-01-01 00:00:00 BC "]),
            (.timestampTZ, ["2024-01-01 00:00:00", "9999999-01-01 00:00:00+00 BC"]),
            (.interval, ["", "1", "1 day ", "1 days 1 year", "1 day 1 day", "1 week", "-", "1:2:3", "00:00:00 1 day"]),
            (.interval, ["2147483648 days", "178956971 years", "9999999999:00:00", "P1D"]),
            (
                list,
                ["", "{", "}", "{1", "{1,}", "{,1}", "{1}}", "{1}x", "{\"1}", "{1,{2}}", "[0:1]", "[0:1]={1", "[]={1}"]
            ),
            (list, ["{\"\\", "{a}", "{1\"2\"}", "{null}"]),
        ]
        for (decoder, texts) in wrong {
            for text in texts {
                #expect(throws: MalformedCell.self, "\(decoder) \(text)") { try decode(decoder, [nil, text]) }
            }
        }
    }

    private static let samples: [(TextDecoder, [String])] = [
        (.bool, ["t", "false"]), (.boolText, ["true"]), (.int16, ["-32768"]), (.int32, ["123"]),
        (.int64, ["-9223372036854775808"]), (.float32, ["1.5e-38", "NaN"]),
        (.float64, ["-1.7976931348623157e+308", "3"]),
        (.decimal(precision: 4, scale: 4), ["0.1234"]), (.decimal(precision: 18, scale: 0), ["-999999999999999999"]),
        (.decimal(precision: 38, scale: 20), ["123456789012345678.00000000000000000001"]), (.text, ["é"]),
        (.bytes, ["\\x00ff"]), (.bytesText, ["00ff"]), (.date, ["5874897-12-31", "4714-11-24 BC", "-infinity"]),
        (.time, ["23:59:59.999999"]), (.timeTZ, ["24:00:00-15:59:59"]),
        (.timestamp, ["294276-12-31 23:59:59.999999", "0001-01-01 00:00:00 BC"]),
        (.timestampTZ, ["2024-02-29 12:34:56.7+05:30", "infinity"]),
        (.interval, ["-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808", "1 mon +3 days"]),
        (.uuid, ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]), (.list(.int32, delimiter: comma), ["{1,NULL,-3}"]),
        (.list(.text, delimiter: comma), ["{\"a\\\"b\",NULL,c}", "[0:1]={a,b}", "{{a},{b}}"]),
        (.list(.decimal(precision: 9, scale: 2), delimiter: comma), ["{1.50,NaN}"]),
    ]

    /// Whatever arrives, decoding returns or throws.
    @Test func anyBytesAreSurvived() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789-+:. {}[]\",\\=eNULtfBCxyd\0é9".utf8)
        for _ in 0..<40_000 {
            guard let (decoder, texts) = Self.samples.randomElement(using: &random) else { continue }
            var text = Array((texts.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let byte = alphabet.randomElement(using: &random) ?? 0
                let at = Int.random(in: 0...text.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: text.insert(byte, at: at)
                case 1 where at < text.count: text.remove(at: at)
                case 2: text = Array(text.prefix(at))
                case _ where at < text.count: text[at] = byte
                default: text += text
                }
            }
            let storage = ByteStorage()
            text.withUnsafeBytes { _ = storage.append($0) }
            let cells = [TupleBuffer.Cell(start: 0, length: Int32(text.count))]
            do {
                let decoded = try cells.withUnsafeBufferPointer { cells in
                    try ColumnDecoding(.text(decoder), checksUTF8: Bool.random(using: &random)).decode(
                        CellSpan(cells: cells, storage: storage)
                    )
                }
                #expect(decoded.unfit.isEmpty || decoded.unfit == [0])
            } catch is MalformedCell {}
        }
    }
}
