import TandemRows
import Testing

@Suite struct ColumnTextTests {
    private func text(_ storage: Column.Storage, _ type: ColumnType) -> String? {
        Column(storage: storage).text(0, as: type)
    }

    @Test func decimals() {
        #expect(text(.int64([-5]), .decimal(precision: 18, scale: 4)) == "-0.0005")
        #expect(text(.int16([1234]), .decimal(precision: 4, scale: 2)) == "12.34")
        #expect(text(.int128([12]), .decimal(precision: 38, scale: 0)) == "12")
    }

    @Test func datesOfEveryEra() {
        #expect(text(.int32([0]), .date) == "1970-01-01")
        #expect(text(.int32([-719_163]), .date) == "0001-12-31 BC")
        #expect(text(.int32([-719_162]), .date) == "0001-01-01")
        #expect(text(.int32([11_016]), .date) == "2000-02-29")
        #expect(text(.int32([.max]), .date) == "infinity")
        #expect(text(.int32([-.max]), .date) == "-infinity")
    }

    @Test func momentsAndTimes() {
        #expect(text(.int64([-1]), .timestamp) == "1969-12-31 23:59:59.999999")
        #expect(text(.int64([1_000_000]), .timestampTZ) == "1970-01-01 00:00:01+00")
        #expect(text(.int64([86_400_000_000]), .time) == "24:00:00")
        #expect(text(.int64([3_600_000_000 << 24 | (57_599 - 7200)]), .timeTZ) == "01:00:00+02:00:00")
    }

    @Test func uuids() {
        let number = UInt128(0x00112233_44556677_8899AABB_CCDDEEFF) ^ (1 << 127)
        #expect(text(.int128([Int128(truncatingIfNeeded: number)]), .uuid) == "00112233-4455-6677-8899-aabbccddeeff")
    }

    @Test func nullsHaveNoText() {
        let column = Column(storage: .int64([0]), validity: Bitmap(repeating: false, count: 1))
        #expect(column.text(0, as: .int64) == nil)
    }

    /// Random bits are signalling and negative ones as well.
    @Test func whatIsNoNumberHasOneWord() {
        let floats: [Float] = [
            .nan, -.nan, .signalingNaN, Float(bitPattern: 0x7F80_0001), Float(bitPattern: 0xFFC0_0002),
        ]
        let column = Column(storage: .float32(floats))
        #expect(Set(floats.indices.map { column.text($0, as: .float32) }) == ["nan"])
        #expect(Column(storage: .float64([.signalingNaN])).text(0, as: .float64) == "nan")
    }
}
