import TandemRows
import Testing

@testable import TandemPostgres

@Suite struct CatalogTypeMapTests {
    private static let comma = UInt8(ascii: ",")
    private let types = TypeMap([
        1007: .array(element: 23, delimiter: Self.comma),
        1041: .array(element: 869, delimiter: Self.comma),
        1231: .array(element: 1700, delimiter: Self.comma),
        869: .plain(output: "pg_catalog.inet_out"),
        1020: .array(element: 603, delimiter: UInt8(ascii: ";")),
        603: .plain(output: nil),
        50_000: .domain(base: 50_001, modifier: -1),
        50_001: .domain(base: 1700, modifier: ((10 << 16) | 2) + 4),
        50_002: .enumeration,
        50_003: .array(element: 50_002, delimiter: Self.comma),
        50_004: .domain(base: 50_003, modifier: -1),
        50_005: .array(element: 50_004, delimiter: Self.comma),
        50_006: .domain(base: 50_006, modifier: -1),
    ])

    @Test(arguments: [
        (10, 2, ColumnType.decimal(precision: 10, scale: 2)), (38, 38, .decimal(precision: 38, scale: 38)),
        (39, 0, .text), (5, -3, .decimal(precision: 8, scale: 0)), (36, -3, .text),
        (3, 5, .decimal(precision: 5, scale: 5)), (3, 39, .text), (1000, 1000, .text), (1000, -1000, .text),
    ])
    func numeric(precision: Int, scale: Int, expected: ColumnType) {
        let modifier = Int32((precision << 16) | (scale & 0x7FF)) + 4
        #expect(types.native(1700, modifier: modifier).type == expected)
    }

    @Test func numericWithoutPrecisionIsText() {
        let native = types.native(1700, modifier: -1)
        #expect(native.reading == CellReading(type: .text, cast: .text, decoder: .text))
    }

    @Test func domainsAreLookedThrough() {
        #expect(types.native(50_000, modifier: -1).type == .decimal(precision: 10, scale: 2))
        let enums = types.native(50_004, modifier: -1)
        #expect(enums.reading == CellReading(type: .list(.text), decoder: .list(.text)))
    }

    @Test func aDamagedDomainEnds() { #expect(types.native(50_006, modifier: -1).type == .text) }

    @Test func anArrayOfADomainOverArraysIsReadAsTexts() {
        let native = types.native(50_005, modifier: -1)
        #expect(native.reading == CellReading(type: .list(.text), cast: .textArray, decoder: .list(.text)))
    }

    @Test func textIsWhatTheOutputFunctionWrites() {
        #expect(
            types.native(869, modifier: -1).reading.expression("\"a\"")
                == "pg_catalog.textin(pg_catalog.inet_out(\"a\"))"
        )
        #expect(
            types.native(1041, modifier: -1).reading.expression("\"a\"") == "\"a\"::pg_catalog.text::pg_catalog.text[]"
        )
        // Boxes are separated by semicolons, so their array cannot be read again as one of texts.
        #expect(types.native(1020, modifier: -1).reading.expression("\"a\"") == "\"a\"::pg_catalog.text[]")
    }

    @Test func everythingCanBeText() {
        let list = types.native(1007, modifier: -1)
        #expect(list.reading == CellReading(type: .list(.int32), decoder: .list(.int32)))
        #expect(list.reading(as: .text) == CellReading(type: .text, cast: .text, decoder: .text))
        #expect(list.reading(as: .list(.text))?.cast == .textArray)
        #expect(list.reading(as: .list(.int64)) == nil)
        let character = types.native(1042, modifier: 9)
        #expect(character.reading(as: .text) == CellReading(type: .text, decoder: .text))
        #expect(types.native(23, modifier: -1).reading(as: .int64) == nil)
    }
}
