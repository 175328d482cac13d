import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Bytes in, values out; and bytes that make no sense, which throw.
@Suite struct DecodingTests {
    private func decode(_ decoder: CellDecoder, _ cells: [String?], checksUTF8: Bool = false) throws -> DecodedColumn {
        let storage = ByteStorage()
        // Nothing is aligned where cells really lie.
        var places: [TupleBuffer.Cell] = []
        for cell in cells {
            [0].withUnsafeBytes { _ = storage.append(UnsafeRawBufferPointer(rebasing: $0.prefix(1))) }
            guard let cell else {
                places.append(.init(start: 0, length: -1))
                continue
            }
            let bytes = Self.bytes(cell)
            let start = bytes.withUnsafeBytes { storage.append($0) }
            places.append(.init(start: UInt32(start), length: Int32(bytes.count)))
        }
        return try places.withUnsafeBufferPointer { cells in
            try ColumnDecoding(.binary(decoder), checksUTF8: checksUTF8).decode(
                CellSpan(cells: cells, storage: storage)
            )
        }
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.filter { !$0.isWhitespace })
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    private func texts(_ decoder: CellDecoder, _ type: ColumnType, _ cells: [String?]) throws -> [String?] {
        let column = try decode(decoder, cells).column
        return cells.indices.map { column.text($0, as: type) }
    }

    @Test func numerics() throws {
        // Digits, weight, sign, display scale, digits.
        let cells = [
            "0002 0000 0000 0002 0001 1194",  // 1.45
            "0001 0000 4000 0002 0005",  // -5
            "0000 0000 0000 0002",  // 0
            "0001 FFFF 0000 0002 0064",  // 0.01
            "0001 0001 4000 0002 0063",  // -990000
            nil,
        ]
        let expected = ["1.45", "-5.00", "0.00", "0.01", "-990000.00", nil]
        for precision in [9, 18, 38] {
            let type = ColumnType.decimal(precision: precision, scale: 2)
            #expect(try texts(.decimal(precision: precision, scale: 2), type, cells) == expected)
        }
        // 38 nines, which take ten groups of digits.
        let nines = "000A 0009 0000 0000 0063" + String(repeating: " 270F", count: 9)
        #expect(
            try texts(.decimal(precision: 38, scale: 0), .decimal(precision: 38, scale: 0), [nines])
                == [String(repeating: "9", count: 38)]
        )
    }

    @Test func numericsThatDoNotFit() throws {
        let decoded = try decode(
            .decimal(precision: 4, scale: 2),
            [
                "0000 0000 C000 0000", "0000 0000 D000 0020", "0000 0000 F000 0020", "0001 0001 0000 0000 0001",
                "0001 FFFF 0000 0004 0001", "0001 7FFF 4000 0000 0001", "0001 0000 0000 0000 0063",
            ]
        )
        #expect(decoded.unfit == [0, 1, 2, 3, 4, 5])
        let type = ColumnType.decimal(precision: 4, scale: 2)
        #expect(
            (0..<7).map { decoded.column.text($0, as: type) } == [
                nil, "99.99", "-99.99", "99.99", nil, "-99.99", "99.00",
            ]
        )
    }

    /// Postgres takes all NaN for one, and its text does not tell them apart.
    @Test func notANumberIsOneValue() throws {
        guard
            case .float64(let doubles) = try decode(.float64, ["FFF8000000000000", "7FF8000000000001"]).column.storage,
            case .float32(let floats) = try decode(.float32, ["FFC00000", "7FC00001"]).column.storage
        else { return #expect(Bool(false)) }
        #expect(doubles.map(\.bitPattern) == [0x7FF8_0000_0000_0000, 0x7FF8_0000_0000_0000])
        #expect(floats.map(\.bitPattern) == [0x7FC0_0000, 0x7FC0_0000])
    }

    @Test func malformedCellsThrow() throws {
        let wrong: [(CellDecoder, String)] = [
            (.bool, ""), (.bool, "0000"), (.int16, "00"), (.int32, "00000000 00"), (.int64, "00"), (.oid, ""),
            (.float32, "00"), (.float64, "00000000"), (.uuid, "00"), (.date, "00"), (.time, "00"),
            (.time, "FFFFFFFFFFFFFFFF"), (.time, "0000 0014 1DD7 6001"), (.timeTZ, "0000000000000000"),
            (.timeTZ, "0000000000000000 0000E100"), (.timestamp, "00"), (.interval, "00"), (.jsonb, ""),
            (.jsonb, "02 7B7D"),
            (.decimal(precision: 9, scale: 2), "0001 0000 0000 0002"),
            (.decimal(precision: 9, scale: 2), "FFFF 0000 0000 0002"),
            (.decimal(precision: 9, scale: 2), "0001 0000 1234 0002 0001"),
            (.decimal(precision: 9, scale: 2), "0001 0000 0000 0002 2710"),
            (.list(.int32), ""), (.list(.int32), "00000007 00000000 00000017"),
            (.list(.int32), "00000001 00000000 00000017 FFFFFFFF 00000001"),
            (.list(.int32), "00000001 00000000 00000017 7FFFFFFF 00000001"),
            (.list(.int32), "00000001 00000000 00000017 00000001 00000001 00000004 0000"),
            (.list(.int32), "00000001 00000000 00000017 00000001 00000001 FFFFFFFE"),
            (.list(.int32), "00000001 00000000 00000017 00000001 00000001 00000004 00000001 00"),
        ]
        for (decoder, hex) in wrong {
            #expect(throws: MalformedCell.self, "\(decoder) \(hex)") { try decode(decoder, [nil, hex]) }
        }
    }

    @Test func listsOfAShape() throws {
        let lists = [
            "00000000 00000000 00000017",
            "00000001 00000001 00000017 00000002 00000001 00000004 0000002A FFFFFFFF",
            "00000001 00000000 00000017 00000001 00000000 00000004 00000001",
            "00000002 00000000 00000017 00000001 00000001 00000001 00000001 00000004 00000001",
        ]
        let decoded = try decode(.list(.int32), lists)
        #expect(decoded.unfit == [2, 3])
        #expect((0..<4).map { decoded.column.text($0, as: .list(.int32)) } == ["{}", "{42,NULL}", nil, nil])
    }

    /// Whatever arrives, decoding returns or throws.
    @Test func anyBytesAreSurvived() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let decoders: [CellDecoder] = [
            .bool, .int16, .int32, .int64, .oid, .float32, .float64, .text, .jsonb, .bytes, .date, .time, .timeTZ,
            .timestamp,
            .timestampTZ, .interval, .uuid, .decimal(precision: 4, scale: 4), .decimal(precision: 18, scale: 0),
            .decimal(precision: 38, scale: 20), .list(.int32), .list(.text), .list(.decimal(precision: 9, scale: 2)),
            .list(.jsonb),
        ]
        for _ in 0..<20_000 {
            guard let decoder = decoders.randomElement(using: &random) else { continue }
            let lengths = [0, 1, 2, 4, 8, 10, 12, 16, 20, 28, 40]
            let length = lengths.randomElement(using: &random) ?? 0
            // Small numbers make headers that are nearly right.
            let hex = (0..<length).map { _ in
                let byte =
                    Bool.random(using: &random)
                    ? 0 : UInt8.random(in: 0...(Bool.random(using: &random) ? 3 : 255), using: &random)
                return (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
            do {
                let decoded = try decode(decoder, [hex], checksUTF8: Bool.random(using: &random))
                #expect(decoded.unfit.isEmpty || decoded.unfit == [0])
            } catch is MalformedCell {}
        }
    }
}

/// What a COPY's messages are made of.
@Suite struct CopyPositionTests {
    private static let header: [UInt8] =
        [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)

    private func take(_ messages: [[UInt8]], columns: Int = 2, after taken: Int = 0) throws(MalformedRow) -> TupleBuffer
    {
        var buffer = TupleBuffer(columnCount: columns)
        var position = CopyPosition(after: taken)
        for message in messages {
            let result = message.withUnsafeBytes { bytes in
                Result { () throws(MalformedRow) in try position.take(bytes, into: &buffer) }
            }
            try result.get()
        }
        return buffer
    }

    private static let row: [UInt8] = [0, 2, 0, 0, 0, 1, 7, 255, 255, 255, 255]

    @Test func rowsAndTrailer() throws {
        let buffer = try take([Self.header + Self.row, Self.row, [255, 255]])
        #expect(buffer.rowCount == 2)
        buffer.withCells(of: 0) { cells, base in
            #expect(cells.map(\.length) == [1, 1])
            #expect(base.load(fromByteOffset: Int(cells[1].start), as: UInt8.self) == 7)
        }
        buffer.withCells(of: 1) { cells, _ in #expect(cells.map(\.length) == [-1, -1]) }
    }

    @Test func rowsTakenBeforeArePassedOver() throws {
        #expect(try take([Self.header, Self.row, Self.row, Self.row], after: 2).rowCount == 1)
    }

    @Test func anythingElseThrows() throws {
        var flagged = Self.header
        flagged[12] = 1
        var extended = Self.header
        extended[18] = 9
        let wrong: [[[UInt8]]] = [
            [[]], [[1, 2, 3]], [flagged], [extended], [Self.header + [0]], [Self.header, [0, 1, 0, 0, 0, 0]],
            [Self.header, [0, 2, 0, 0]], [Self.header, [0, 2, 0, 0, 0, 9, 7, 255, 255, 255, 255]],
            [Self.header, [0, 2, 127, 255, 255, 255, 7]],
            [Self.header, [0, 2, 255, 255, 255, 254, 255, 255, 255, 255]],
            [Self.header, Self.row + [0]],
        ]
        for messages in wrong {
            #expect(throws: MalformedRow.self, "\(messages)") { try take(messages) }
        }
    }

    @Test func anyBytesAreSurvived() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var message = Self.header + Self.row + Self.row
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                message[Int.random(in: 0..<message.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                let buffer = try take([Array(message.prefix(Int.random(in: 0...message.count, using: &random)))])
                #expect(buffer.rowCount <= 1)
            } catch {}
        }
    }
}
