/// What a cell of an answer is, by the name of its column's type.
enum AnswerCell {
    case boolean, integer, decimal, float, other

    init(type: String) {
        let name = type.lowercased()
        // An array's elements are numbers, and it is none.
        guard !name.contains("[") else {
            self = .other
            return
        }
        switch String(name.prefix { $0 != "(" }) {
        case "boolean": self = .boolean
        case "tinyint", "smallint", "integer", "bigint", "hugeint", "bignum", "utinyint", "usmallint", "uinteger",
            "ubigint", "uhugeint", "oid":
            self = .integer
        case "decimal", "numeric": self = .decimal
        case "real", "float", "double", "double precision": self = .float
        default: self = .other
        }
    }

    var isNumber: Bool {
        switch self {
        case .integer, .decimal, .float: true
        case .boolean, .other: false
        }
    }

    /// `text` in JSON: a number where a reader that takes every number for a double gets all of it, and text otherwise.
    func json(_ text: String?) -> String {
        guard let text else { return "null" }
        let literal: String? =
            switch self {
            case .boolean: ["t": "true", "true": "true", "f": "false", "false": "false"][text]
            case .integer: Int64(text).flatMap { $0.magnitude <= Self.exact ? text : nil }
            case .decimal: Self.digits(text).flatMap { $0 <= Self.exactDigits ? Self.literal(text) : nil }
            // Written as short as it may be to be read as the same number.
            case .float: Double(text).flatMap { $0.isFinite ? Self.literal(text) : nil }
            case .other: nil
            }
        return literal ?? Self.quoted(text)
    }

    /// 2^53 − 1: up to here each whole number is a double of its own.
    private static let exact: UInt64 = 9_007_199_254_740_991
    /// As many digits as every double gives back.
    private static let exactDigits = 15

    /// How many digits of `text` count; `nil` where it is no number, such as `NaN`.
    private static func digits(_ text: String) -> Int? {
        var digits = text.utf8.drop { $0 == UInt8(ascii: "-") }.filter { $0 != UInt8(ascii: ".") }
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        if text.utf8.contains(UInt8(ascii: ".")) { while digits.last == UInt8(ascii: "0") { digits.removeLast() } }
        return digits.drop { $0 == UInt8(ascii: "0") }.count
    }

    /// JSON wants a digit before the point.
    private static func literal(_ text: String) -> String {
        if text.hasPrefix(".") { return "0" + text }
        return text.hasPrefix("-.") ? "-0" + text.dropFirst() : text
    }

    static func quoted(_ text: String) -> String {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): result += Array("\\n".utf8)
            case UInt8(ascii: "\r"): result += Array("\\r".utf8)
            case UInt8(ascii: "\t"): result += Array("\\t".utf8)
            case 0..<16: result += Array("\\u000\(String(byte, radix: 16))".utf8)
            case 16..<32: result += Array("\\u00\(String(byte, radix: 16))".utf8)
            default: result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
        return String(decoding: result, as: UTF8.self)
    }
}
