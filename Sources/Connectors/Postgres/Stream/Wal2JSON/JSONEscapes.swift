/// What is written with a backslash in a JSON string.
enum JSONEscapes {
    /// Copies what stands between the quotes of a string as it is meant, which is never longer.
    ///
    /// - Returns: How many bytes that is.
    static func copy(
        _ text: UnsafeRawBufferPointer,
        to room: UnsafeMutableRawBufferPointer
    ) throws(MalformedMessage) -> Int {
        var (from, to) = (0, 0)
        while from < text.count {
            let byte = text[from]
            from += 1
            guard byte == UInt8(ascii: "\\") else {
                room[to] = byte
                to += 1
                continue
            }
            guard from < text.count else { throw .json("a string without an end") }
            let escape = text[from]
            from += 1
            if escape == UInt8(ascii: "u") {
                let scalar = try scalar(text, &from)
                for byte in UTF8.encode(scalar).map(Array.init) ?? [] {
                    room[to] = byte
                    to += 1
                }
            } else {
                room[to] = try plain(escape)
                to += 1
            }
        }
        return to
    }

    /// `text` as it is meant.
    static func string(_ text: UnsafeRawBufferPointer) throws(MalformedMessage) -> String {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
        defer { room.deallocate() }
        let count = try copy(text, to: room)
        return String(decoding: room[..<count], as: UTF8.self)
    }

    private static func plain(_ escape: UInt8) throws(MalformedMessage) -> UInt8 {
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): escape
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: throw .json("an escape that is not defined")
        }
    }

    /// The digits after `\u`, and of a second escape where the first is one half of a pair.
    private static func scalar(
        _ text: UnsafeRawBufferPointer,
        _ at: inout Int
    ) throws(MalformedMessage) -> Unicode.Scalar {
        let first = try digits(text, &at)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800..<0xDC00).contains(first), text.count - at >= 6, text[at] == UInt8(ascii: "\\"),
            text[at + 1] == UInt8(ascii: "u")
        else { throw .json("half of a character") }
        at += 2
        let second = try digits(text, &at)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .json("half of a character") }
        return scalar
    }

    private static func digits(_ text: UnsafeRawBufferPointer, _ at: inout Int) throws(MalformedMessage) -> UInt32 {
        guard text.count - at >= 4 else { throw .json("an escape that is not complete") }
        var value: UInt32 = 0
        for byte in text[at..<at + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw .json("an escape that is not complete")
            }
            value = value << 4 | UInt32(digit)
        }
        at += 4
        return value
    }
}
