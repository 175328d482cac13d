/// Text from outside, byte by byte.
///
/// To the standard library a text is a sequence of characters: a quote with an accent behind it (`"` and U+0301) is one
/// character and no quote, and neither is `\r\n` the end of a line. Whoever quotes a name or a value so lets it out of
/// its quotes.
extension StringProtocol {
    /// With `new` in place of each `old`, from the left.
    public func replacing(bytes old: String, with new: String) -> String {
        guard let first = old.utf8.first, utf8.contains(first) else { return String(self) }
        let (text, sought) = (Array(utf8), Array(old.utf8))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count + 8 * new.utf8.count)
        var index = 0
        while index < text.count {
            if text[index] == first, text[index...].starts(with: sought) {
                bytes += new.utf8
                index += sought.count
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether `scalar` is there.
    ///
    /// - Parameter scalar: One of ASCII.
    public func contains(byte scalar: Unicode.Scalar) -> Bool { utf8.contains(UInt8(ascii: scalar)) }

    /// As one line, with a space in place of each break.
    public var onOneLine: String {
        String(String.UnicodeScalarView(String(self).unicodeScalars.map { Character($0).isNewline ? " " : $0 }))
    }

    /// Whether the bytes are the same: `==` takes texts for equal that differ in their Unicode form.
    public func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
