import TandemRows

/// Takes from bytes what ``ByteWriter`` has put there. What is not from there it refuses, and takes no more memory for
/// it than some times its size.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    /// - Parameter bytes: Outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// - Throws: ``MalformedBytes`` too where `body` leaves some of them.
    static func read<Thing>(
        _ bytes: [UInt8],
        _ body: (inout ByteReader) throws(MalformedBytes) -> Thing
    ) throws(MalformedBytes) -> Thing {
        let result: Result<Thing, MalformedBytes> = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            do throws(MalformedBytes) {
                let thing = try body(&reader)
                try reader.end()
                return .success(thing)
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    var malformed: MalformedBytes { MalformedBytes(place: place) }
    private var rest: Int { bytes.count - place }
    var isAtEnd: Bool { rest == 0 }

    func end() throws(MalformedBytes) { if !isAtEnd { throw malformed } }

    mutating func byte() throws(MalformedBytes) -> UInt8 {
        guard rest > 0 else { throw malformed }
        place += 1
        return bytes[place - 1]
    }

    private mutating func take(_ count: Int) throws(MalformedBytes) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= rest else { throw malformed }
        place += count
        return UnsafeRawBufferPointer(rebasing: bytes[place - count..<place])
    }

    mutating func number() throws(MalformedBytes) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            guard shift < 63 || byte <= 1 else { throw malformed }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
    }

    /// Of things of which each has at least one byte.
    mutating func count() throws(MalformedBytes) -> Int {
        guard let count = Int(exactly: try number()), count <= rest else { throw malformed }
        return count
    }

    /// At most `limit`.
    mutating func index(_ limit: Int = .max) throws(MalformedBytes) -> Int {
        guard let index = Int(exactly: try number()), index <= limit else { throw malformed }
        return index
    }

    mutating func signed() throws(MalformedBytes) -> Int64 {
        let number = try number()
        return Int64(bitPattern: number >> 1 ^ (0 &- (number & 1)))
    }

    private mutating func int32() throws(MalformedBytes) -> Int32 {
        guard let number = Int32(exactly: try signed()) else { throw malformed }
        return number
    }

    mutating func word() throws(MalformedBytes) -> UInt64 {
        UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
    }

    mutating func double() throws(MalformedBytes) -> Double { Double(bitPattern: try word()) }

    mutating func text() throws(MalformedBytes) -> String { try text(try count()) }

    private mutating func text(_ count: Int) throws(MalformedBytes) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw malformed }
        return text
    }

    mutating func version() throws(MalformedBytes) -> String {
        let number = try number()
        return number & 1 == 1 ? String(number >> 1) : try text(Int(number >> 1))
    }

    mutating func optional<Thing>(
        _ body: (inout Self) throws(MalformedBytes) -> Thing
    ) throws(MalformedBytes) -> Thing? {
        switch try byte() {
        case 0: nil
        case 1: try body(&self)
        default: throw malformed
        }
    }

    mutating func list<Thing>(
        _ body: (inout Self) throws(MalformedBytes) -> Thing
    ) throws(MalformedBytes) -> [Thing] {
        var things: [Thing] = []
        for _ in 0..<(try count()) { things.append(try body(&self)) }
        return things
    }

    /// One of an enumeration, by its raw value.
    mutating func choice<Choice: RawRepresentable>() throws(MalformedBytes) -> Choice where Choice.RawValue == Int {
        guard let choice = Choice(rawValue: try index()) else { throw malformed }
        return choice
    }

    mutating func choice<Choice: RawRepresentable>() throws(MalformedBytes) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try text()) else { throw malformed }
        return choice
    }

    mutating func value(depth: Int = 0) throws(MalformedBytes) -> Value {
        let tag = try byte()
        switch tag {
        case ValueTag.null: return .null
        case ValueTag.number...ValueTag.number + 16:
            return .number(try integer(Int(tag - ValueTag.number)))
        case ValueTag.bytes: return .bytes(Array(try take(try count())))
        case ValueTag.interval:
            return .interval(Interval(months: try int32(), days: try int32(), microseconds: try signed()))
        case ValueTag.list:
            // Arrays have at most some dimensions, and the stack has an end.
            guard depth < 64 else { throw malformed }
            var values: [Value] = []
            for _ in 0..<(try count()) { values.append(try value(depth: depth + 1)) }
            return .list(values)
        case ValueTag.shortBytes...: return .bytes(Array(try take(Int(tag & 0x7F))))
        default: throw malformed
        }
    }

    private mutating func integer(_ size: Int) throws(MalformedBytes) -> Int128 {
        let bytes = try take(size)
        var number: Int128 = bytes.first.map { $0 >= 0x80 ? -1 : 0 } ?? 0
        for byte in bytes { number = number << 8 | Int128(byte) }
        return number
    }

    /// The values up to the end of a key that stands by itself.
    mutating func lastKey() throws(MalformedBytes) -> RowKey {
        var values: [Value] = []
        while !isAtEnd { values.append(try value()) }
        guard let key = RowKey(values) else { throw malformed }
        return key
    }

    mutating func key() throws(MalformedBytes) -> RowKey {
        var values: [Value] = []
        for _ in 0..<(try count()) { values.append(try value()) }
        guard let key = RowKey(values) else { throw malformed }
        return key
    }
}
