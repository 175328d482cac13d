package import TandemRows

/// What values of two types have in common.
package struct ValueMeeting: Sendable {
    private let types: Both<ColumnType>
    private let folding: Folding

    /// `nil` where values of one type cannot be written as the other.
    package init?(_ types: Both<ColumnType>, flows: Set<Side>, folding: Folding = []) {
        for side in Side.allCases where flows.contains(side) {
            guard Self.converts(types[side.other], to: types[side]) else { return nil }
        }
        self.types = types
        self.folding = folding
    }

    init(_ rule: FieldRule) {
        types = rule.types
        folding = rule.folding
    }

    /// Whether the two are the same, for all that their types and sides make of them.
    package func areSame(_ values: Both<Value>) -> Bool {
        if types.left == types.right, values.left == values.right { return true }
        return canonical(values.left, .left) == canonical(values.right, .right)
    }

    /// What is the same for all values that are the same.
    package func canonical(_ value: Value, _ side: Side) -> Value {
        let type = types[side]
        switch (value, type) {
        case (.number(let number), .int16), (.number(let number), .int32), (.number(let number), .int64):
            return decimal(number, scale: 0)
        case (.number(let number), .decimal(_, let scale)): return decimal(number, scale: scale)
        case (.number(let bits), .float32):
            return .number(Int128(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))).bitPattern))
        case (.bytes(let bytes), .text), (.bytes(let bytes), .json): return folded(bytes)
        default:
            guard types[side.other] == .text, value != .null else { return value }
            return value.text(as: type).map { folded(Array($0.utf8)) } ?? value
        }
    }

    /// `value`, which `side.other` holds, as `side` takes it; `nil` where that is none of its type's.
    package func value(_ value: Value, at side: Side) -> Value? {
        let (from, to) = (types[side.other], types[side])
        guard value != .null, from != to else { return value }
        switch (value, to) {
        case (_, .text): return value.text(as: from).map(Value.text)
        case (.number(let number), .int16): return whole(number, from).flatMap { Int16(exactly: $0) }.map(Self.number)
        case (.number(let number), .int32): return whole(number, from).flatMap { Int32(exactly: $0) }.map(Self.number)
        case (.number(let number), .int64): return whole(number, from).flatMap { Int64(exactly: $0) }.map(Self.number)
        case (.number(let number), .decimal(let precision, let scale)):
            return rescaled(number, from: Self.scale(from), to: scale, precision: precision).map(Value.number)
        case (.number, .float64): return canonical(value, side.other)
        default: return nil
        }
    }

    private static func number(_ number: some FixedWidthInteger) -> Value { .number(Int128(number)) }

    private static func scale(_ type: ColumnType) -> Int {
        if case .decimal(_, let scale) = type { scale } else { 0 }
    }

    private func whole(_ number: Int128, _ type: ColumnType) -> Int128? {
        rescaled(number, from: Self.scale(type), to: 0, precision: 38)
    }

    /// `nil` where digits would be lost.
    private func rescaled(_ number: Int128, from: Int, to: Int, precision: Int) -> Int128? {
        var number = number
        for _ in 0..<max(0, from - to) {
            guard number % 10 == 0 else { return nil }
            number /= 10
        }
        for _ in 0..<max(0, to - from) {
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            number = product
        }
        var digits = 0
        var rest = number.magnitude
        while rest > 0 { (digits, rest) = (digits + 1, rest / 10) }
        return digits <= precision ? number : nil
    }

    /// A number without zeros behind its point, and how many digits are there.
    private func decimal(_ number: Int128, scale: Int) -> Value {
        var (number, scale) = (number, scale)
        while scale > 0, number % 10 == 0 { (number, scale) = (number / 10, scale - 1) }
        if types.left == .text || types.right == .text { return folded(Array(Self.text(number, scale).utf8)) }
        return .list([.number(number), .number(Int128(scale))])
    }

    private static func text(_ number: Int128, _ scale: Int) -> String {
        let type = ColumnType.decimal(precision: 38, scale: scale)
        return Value.number(number).text(as: type) ?? String(number)
    }

    private func folded(_ bytes: [UInt8]) -> Value {
        guard !folding.isEmpty else { return .bytes(bytes) }
        var text = Substring(String(decoding: bytes, as: UTF8.self))
        if folding.contains(.trims) {
            while text.last == " " { text.removeLast() }
            while text.first == " " { text.removeFirst() }
        }
        return .text(folding.contains(.foldsCase) ? text.lowercased() : String(text))
    }

    private static func converts(_ from: ColumnType, to: ColumnType) -> Bool {
        if from == to || to == .text { return true }
        switch (from, to) {
        case (.int16, .int32), (.int16, .int64), (.int32, .int16), (.int32, .int64), (.int64, .int16), (.int64, .int32),
            (.int16, .decimal), (.int32, .decimal), (.int64, .decimal), (.decimal, .int16), (.decimal, .int32),
            (.decimal, .int64), (.decimal, .decimal), (.float32, .float64):
            return true
        default: return false
        }
    }
}
