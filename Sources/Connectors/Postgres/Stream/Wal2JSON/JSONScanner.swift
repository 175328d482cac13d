import Glibc

/// Takes JSON apart where it lies, token by token. Nothing is copied but by whoever wants a text.
struct JSONScanner {
    /// A string between its quotes, or a number or word as it is written.
    struct Token {
        var start: Int
        var count: Int
        var isEscaped = false
        var range: Range<Int> { start..<start + count }
    }

    enum Value {
        case null
        case text(Token)
        /// A number, `true` or `false`.
        case bare(Token)
    }

    let bytes: UnsafeRawBufferPointer
    private(set) var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { at >= bytes.count }

    /// The next byte that is no white space. `nil` at the end.
    @inline(__always)
    mutating func peek() -> UInt8? {
        while at < bytes.count {
            let byte = bytes[at]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            at += 1
        }
        return nil
    }

    /// Passes `byte` if it comes next.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        at += 1
        return true
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8) throws(MalformedMessage) {
        guard take(byte) else { throw Self.unexpected }
    }

    static var unexpected: MalformedMessage { .json("another character was expected") }

    /// A string.
    @inline(__always)
    mutating func string() throws(MalformedMessage) -> Token {
        try expect(UInt8(ascii: "\""))
        let start = at
        var isEscaped = false
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                defer { at += 1 }
                return Token(start: start, count: at - start, isEscaped: isEscaped)
            }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                at += 1
            }
            at += 1
        }
        throw .json("a string without an end")
    }

    /// A string, a number, a word or null.
    @inline(__always)
    mutating func scalar() throws(MalformedMessage) -> Value {
        guard let first = peek() else { throw Self.unexpected }
        guard first != UInt8(ascii: "\"") else { return .text(try string()) }
        let start = at
        while at < bytes.count, Self.isBare(bytes[at]) { at += 1 }
        let token = Token(start: start, count: at - start)
        guard token.count > 0 else { throw Self.unexpected }
        return first == UInt8(ascii: "n") && isEqual(token, "null") ? .null : .bare(token)
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: true
        default: false
        }
    }

    @inline(__always)
    func isEqual(_ token: Token, _ text: StaticString) -> Bool {
        guard token.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
        let text = UnsafeRawPointer(text.utf8Start)
        return memcmp(base + token.start, text, token.count) == 0
    }

    /// Calls `body` for each member of an object, with its name, to take the value.
    @inline(__always)
    mutating func object(
        _ body: (_ name: Token, _ scanner: inout JSONScanner) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        try expect(UInt8(ascii: "{"))
        if take(UInt8(ascii: "}")) { return }
        repeat {
            let name = try string()
            try expect(UInt8(ascii: ":"))
            try body(name, &self)
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Calls `body` for each element of an array, to take it.
    @inline(__always)
    mutating func array(
        _ body: (_ scanner: inout JSONScanner) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        try expect(UInt8(ascii: "["))
        if take(UInt8(ascii: "]")) { return }
        repeat { try body(&self) } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// Passes a value of any kind.
    mutating func skip() throws(MalformedMessage) {
        var depth = 0
        repeat {
            switch peek() {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw Self.unexpected }
                depth -= 1
                at += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw Self.unexpected }
                at += 1
            default: _ = try scalar()
            }
        } while depth > 0
    }

    /// Nothing must be left.
    mutating func end() throws(MalformedMessage) {
        guard peek() == nil else { throw Self.unexpected }
    }
}
