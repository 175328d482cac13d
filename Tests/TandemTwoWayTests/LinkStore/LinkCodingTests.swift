import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemTwoWay

struct LinkCodingTests {
    @Test(arguments: 0..<40 as Range<UInt64>) func whatIsWrittenIsRead(_ seed: UInt64) throws {
        var random = RandomChanges(seed: seed, fields: [3, 10, 1])
        for _ in 0..<10 {
            let changes = random.changes()
            #expect(try LinkChanges(decoding: changes.encoded()) == changes)
        }
    }

    @Test func everyIntegerIsRead() throws {
        for shift in 0..<127 {
            for number in [Int128(1) << shift, -(Int128(1) << shift), (Int128(1) << shift) - 1, .max, .min] {
                var writer = ByteWriter()
                writer.add(Value.number(number))
                let value = try ByteReader.read(writer.bytes) { (reader) throws(MalformedBytes) in try reader.value() }
                #expect(value == .number(number))
            }
        }
    }

    /// Whatever the bytes are, they are read or refused.
    @Test(arguments: 0..<40 as Range<UInt64>) func otherBytesAreRefusedAndNeverTrap(_ seed: UInt64) throws {
        var random = RandomChanges(seed: seed, fields: [3, 10])
        var refused = 0
        for _ in 0..<3 {
            let bytes = random.changes().encoded()
            for _ in 0..<200 {
                var other = bytes
                for _ in 0..<random.number(1..<4) where !other.isEmpty {
                    let place = random.number(0..<other.count)
                    switch random.number(0..<4) {
                    case 0: other[place] = UInt8(random.number(0..<256))
                    case 1: other.remove(at: place)
                    case 2: other.insert(0xFF, at: place)
                    default: other.removeSubrange(place...)
                    }
                }
                do {
                    let changes = try LinkChanges(decoding: other)
                    #expect(try LinkChanges(decoding: changes.encoded()).links.count == changes.links.count)
                } catch { refused += 1 }
            }
        }
        #expect(refused > 100)
    }

    @Test func everyBeginningIsRefused() {
        var random = RandomChanges(seed: 7, fields: [4])
        let bytes = random.changes().encoded()
        for count in 0..<bytes.count {
            #expect(throws: MalformedBytes.self) { try LinkChanges(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: MalformedBytes.self) { try LinkChanges(decoding: bytes + [0]) }
        #expect(throws: MalformedBytes(place: 0)) { try LinkChanges(decoding: [2] + bytes.dropFirst()) }
    }

    /// A few bytes that say that much follows, or that lists are in lists, cost neither memory nor stack.
    @Test func whatIsAnnouncedAndNotThereIsRefused() {
        let many: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
        #expect(throws: MalformedBytes.self) { try LinkChanges(decoding: [1] + many) }
        let nested = (0..<200_000).map { $0 % 2 == 0 ? ValueTag.list : 1 }
        #expect(throws: MalformedBytes.self) {
            try ByteReader.read(nested) { (reader) throws(MalformedBytes) in try reader.value() }
        }
    }

    @Test func aLinkWithHashesTakesLittleMoreThanThem() throws {
        var link = Link(id: 1, pair: 0, fields: 10, keys: Both(left: nil, right: nil))
        link.base = Both { _ in (0..<10).map { .hash($0) } }
        link.versions = Both(left: "734512", right: "812345")
        var writer = ByteWriter()
        writer.add(contentOf: link)
        #expect(writer.bytes.count == 90)
    }
}
