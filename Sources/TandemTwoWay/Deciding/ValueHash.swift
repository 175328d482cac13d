package import TandemRows

/// Numbers that stand for values, of use only beside those of the same key: SipHash-1-3, so that nobody who does not
/// know the key can make two values that have one number.
package struct ValueHash: Sendable {
    private let key: (UInt64, UInt64)

    package init(key: (UInt64, UInt64)) { self.key = key }

    package func hash(_ value: Value) -> UInt64 {
        var state = SipState(key)
        add(value, to: &state)
        return state.finish()
    }

    /// What is kept of a value that is agreed.
    func base(_ value: Value, for rule: FieldRule) -> FieldBase {
        rule.keepsAgreed ? .kept(value) : .hash(hash(value))
    }

    /// Whether a side that held `base` when the sides agreed last has another value now.
    func isChanged(_ value: Value, since base: FieldBase) -> Bool {
        switch base {
        case .none: true
        case .hash(let agreed): hash(value) != agreed
        case .kept(let agreed): value != agreed
        }
    }

    private func add(_ value: Value, to state: inout SipState) {
        switch value {
        case .null: state.add(0)
        case .number(let number):
            state.add(1)
            state.add(UInt64(truncatingIfNeeded: number))
            state.add(UInt64(truncatingIfNeeded: number >> 64))
        case .bytes(let bytes):
            state.add(2)
            bytes.withUnsafeBytes { state.add($0) }
        case .interval(let interval):
            state.add(3)
            state.add(UInt64(UInt32(bitPattern: interval.months)) << 32 | UInt64(UInt32(bitPattern: interval.days)))
            state.add(UInt64(bitPattern: interval.microseconds))
        case .list(let values):
            state.add(4)
            state.add(UInt64(values.count))
            for value in values { add(value, to: &state) }
        }
    }
}

/// Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with one and three rounds, over words.
private struct SipState {
    private var v0, v1, v2, v3: UInt64
    private var count: UInt64 = 0

    init(_ key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736F_6D65_7073_6575
        v1 = key.1 ^ 0x646F_7261_6E64_6F6D
        v2 = key.0 ^ 0x6C79_6765_6E65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    mutating func add(_ word: UInt64) {
        count &+= 8
        v3 ^= word
        round()
        v0 ^= word
    }

    /// Their number, and then as many words as they fill.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        var at = 0
        while at + 8 <= bytes.count {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at += 8
        }
        guard at < bytes.count else { return }
        var rest: UInt64 = 0
        for byte in bytes[at...].reversed() { rest = rest << 8 | UInt64(byte) }
        add(rest)
    }

    mutating func finish() -> UInt64 {
        add(count << 56)
        v2 ^= 0xFF
        for _ in 0..<3 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
        v0 = v0 &+ v1
        v2 = v2 &+ v3
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 = v0 << 32 | v0 >> 32
        v2 = v2 &+ v1
        v0 = v0 &+ v3
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 = v2 << 32 | v2 >> 32
    }
}
