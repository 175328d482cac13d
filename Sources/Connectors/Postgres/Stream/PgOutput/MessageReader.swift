/// Takes the parts of one message from its front.
struct MessageReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var at = 0
    /// The message's name in errors.
    let kind: StaticString

    init(_ bytes: UnsafeRawBufferPointer, from start: Int, kind: StaticString) {
        self.bytes = bytes
        at = min(start, bytes.count)
        self.kind = kind
    }

    var left: Int { bytes.count - at }
    var short: MalformedMessage { .length(of: kind.description) }
    func undefined(_ part: String) -> MalformedMessage { .value(of: part, in: kind.description) }

    @inline(__always)
    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type = Number.self
    ) throws(MalformedMessage) -> Number {
        guard left >= MemoryLayout<Number>.size else { throw short }
        defer { at += MemoryLayout<Number>.size }
        return bytes.bigEndian(Number.self, at: at)
    }

    mutating func lsn() throws(MalformedMessage) -> LSN { LSN(rawValue: try number()) }

    /// A moment, which the server counts in microseconds since 2000: seconds since 1970.
    mutating func time() throws(MalformedMessage) -> Double {
        946_684_800 + Double(try number(Int64.self)) / 1_000_000
    }

    /// Text up to a zero byte.
    mutating func text() throws(MalformedMessage) -> String {
        let rest = bytes[at...]
        guard let end = rest.firstIndex(of: 0) else { throw short }
        defer { at = end + 1 }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    mutating func skip(_ count: Int) throws(MalformedMessage) {
        guard count >= 0, count <= left else { throw short }
        at += count
    }

    /// Everything must have been taken.
    func end() throws(MalformedMessage) {
        guard left == 0 else { throw short }
    }
}
