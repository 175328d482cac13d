import TandemRows

/// Appends values to bytes, which ``ByteReader`` takes from them in the same order.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func add(byte: UInt8) { bytes.append(byte) }

    /// Seven bits a byte, the low ones first.
    mutating func add(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func add(count: Int) { add(number: UInt64(count)) }

    /// Short where it is near zero.
    mutating func add(signed number: Int64) { add(number: UInt64(bitPattern: number << 1 ^ number >> 63)) }

    mutating func add(word: UInt64) {
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func add(double number: Double) { add(word: number.bitPattern) }

    mutating func add(_ text: String) {
        add(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    /// Text that mostly is a decimal number.
    mutating func add(version text: String) {
        if text.utf8.count <= 18, let number = UInt64(text), String(number) == text {
            add(number: number << 1 | 1)
        } else {
            add(count: text.utf8.count << 1)
            bytes.append(contentsOf: text.utf8)
        }
    }

    mutating func add<Thing>(optional thing: Thing?, _ body: (inout Self, Thing) -> Void) {
        add(byte: thing == nil ? 0 : 1)
        if let thing { body(&self, thing) }
    }

    mutating func add<Things: Collection>(each things: Things, _ body: (inout Self, Things.Element) -> Void) {
        add(count: things.count)
        for thing in things { body(&self, thing) }
    }

    /// Its first byte says what it is, and how long where that is little: a number's in two's complement, the high ones
    /// first, as few as keep its sign.
    mutating func add(_ value: Value) {
        switch value {
        case .null: add(byte: ValueTag.null)
        case .number(let number):
            let bits = 129 - max((~number).leadingZeroBitCount, number.leadingZeroBitCount)
            let size = number == 0 ? 0 : (bits + 7) / 8
            add(byte: ValueTag.number + UInt8(size))
            for place in (0..<size).reversed() { add(byte: UInt8(truncatingIfNeeded: number >> Int128(8 * place))) }
        case .bytes(let content):
            if content.count < 0x80 {
                add(byte: ValueTag.shortBytes | UInt8(content.count))
            } else {
                add(byte: ValueTag.bytes)
                add(count: content.count)
            }
            bytes.append(contentsOf: content)
        case .interval(let interval):
            add(byte: ValueTag.interval)
            add(signed: Int64(interval.months))
            add(signed: Int64(interval.days))
            add(signed: interval.microseconds)
        case .list(let values):
            add(byte: ValueTag.list)
            add(each: values) { $0.add($1) }
        }
    }

    mutating func add(_ key: RowKey) { add(each: key.values) { $0.add($1) } }
}

/// The first byte of a value.
enum ValueTag {
    static let null: UInt8 = 0
    /// And the bytes that follow, 0 to 16.
    static let number: UInt8 = 0x10
    static let bytes: UInt8 = 0x21
    static let interval: UInt8 = 0x22
    static let list: UInt8 = 0x23
    /// And the bytes that follow, 0 to 127.
    static let shortBytes: UInt8 = 0x80
}
