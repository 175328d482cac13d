import TandemRows

/// Random pieces of SQL, the same ones for the same seed.
struct SQLText: Sendable {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    static func quoted(_ name: String) -> String { "\"" + name.replacing(bytes: "\"", with: "\"\"") + "\"" }

    static func literal(_ text: String) -> String { "'" + text.replacing(bytes: "'", with: "''") + "'" }

    mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    mutating func pick<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[pick(elements.count)]
    }

    /// A key's number: mostly one of few, so that keys come again, else one of those that come in bulk.
    mutating func number() -> Int { chance(0.75) ? pick(1...12) : pick(100...600) }

    /// A value for a column that is no key.
    mutating func value(_ column: HistoryColumn) -> String {
        !column.isRequired && chance(0.15) ? "NULL" : value(column.kind)
    }

    mutating func value(_ kind: HistoryColumn.Kind) -> String {
        switch kind {
        case .integer: "\(chance(0.1) ? Int(Int32.min) : pick(-1000...1000))"
        case .bigint: "\(chance(0.1) ? Int.max : pick(-1000...1000))"
        case .varchar: text(longest: 20)
        case .text: text(longest: 60)
        case .long: long()
        case .amount: "\(pick(-99999...99999)).\(pick(10...99))"
        case .decimal: "\(pick(-99999...99999)).\(pick(1000...9999))"
        case .double: ["'-0'", "1e300", "0.1", "'NaN'", "'-Infinity'"][pick(5)]
        case .boolean: chance(0.5) ? "true" : "false"
        case .date: "(DATE '1900-01-01' + \(pick(60000)))"
        case .timestamp: "(TIMESTAMP '1970-01-01' + interval '\(pick(2_000_000_000)).\(pick(10...99)) seconds')"
        case .timestamptz:
            "(TIMESTAMPTZ '1970-01-01 00:00:00+00' + interval '\(pick(2_000_000_000)).\(pick(10...99)) seconds')"
        case .json: #"'{"a": [\#(pick(9)), null, "\u00fc \\ ''"], "b": {"c": \#(pick(99)).50}}'"#
        case .bytes: "'\\x" + ["", "00", "ff00\(pick(10...99))"][pick(3)] + "'"
        case .uuid: kind.key("\(pick(1000))")
        case .integers: ["'{}'", "'{1,NULL,\(pick(99))}'", "'{\(pick(99))}'"][pick(3)]
        // By their places, because labels change.
        case .state: "(enum_range(NULL::public.history_state))[\(pick(1...3))]"
        case .states: "(enum_range(NULL::public.history_state))[\(pick(1...3)):]"
        // Whatever attributes there are by then.
        case .pair: "jsonb_populate_record(NULL::public.history_pair, '{\"n\": \(pick(99)), \"s\": \"x\(pick(9))\"}')"
        case .limited: text(longest: 20)
        case .interval: "'\(pick(30)) mons \(pick(60)) days 00:00:\(pick(10...59)).5'"
        }
    }

    private mutating func text(longest: Int) -> String {
        let letters = ["a", "Z", "ü", "''", " ", "7", "\\", "\"", "\t", "\n", "京", "🦊", "%"]
        return "'" + (0..<pick(longest)).map { _ in letters[pick(letters.count)] }.joined() + "'"
    }

    /// Text too long, and too varied, to stay in its row.
    private mutating func long() -> String {
        guard !chance(0.2) else { return text(longest: 60) }
        let (first, count) = (pick(1_000_000), pick(90...250))
        return "(SELECT string_agg(md5(i::text), '') FROM generate_series(\(first), \(first + count)) i)"
    }
}
