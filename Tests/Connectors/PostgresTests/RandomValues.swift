import TandemTesting

/// Types that are read natively, with values as Postgres reads them.
enum RandomValues {
    /// By type. Each value is what stands between quotes, before the cast to the type.
    static let types: [String] = [
        "bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric(4,2)", "numeric(9,0)", "numeric(9,9)",
        "numeric(18,4)", "numeric(18,0)", "numeric(38,0)", "numeric(38,38)", "numeric(38,10)", "text", "varchar(40)",
        "char(5)", "name", "json", "jsonb", "bytea", "date", "time", "timetz", "timestamp", "timestamptz", "interval",
        "uuid",
    ]

    static func value(of type: String, using random: inout SeededGenerator) -> String {
        switch type {
        case "bool": return Bool.random(using: &random) ? "t" : "f"
        case "int2": return "\(edgy(Int16.self, &random))"
        case "int4": return "\(edgy(Int32.self, &random))"
        case "int8": return "\(edgy(Int64.self, &random))"
        case "oid": return "\(edgy(UInt32.self, &random))"
        case "float4", "float8": return float(type == "float4", &random)
        case "text", "varchar(40)", "json", "jsonb", "char(5)", "name": return text(type, &random)
        case "bytea": return "\\x" + digits(2 * Int.random(in: 0...40, using: &random), "0123456789abcdef", &random)
        case "date":
            return pick(
                ["infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-12-31 BC", day(&random)],
                &random
            )
        case "time": return pick(["24:00:00", "00:00:00", clock(&random)], &random)
        case "timetz": return clock(&random) + pick(["+00", "-15:59:59", "+15:59:59", "+05:30"], &random)
        case "timestamp", "timestamptz": return moment(&random)
        case "interval":
            return "\(Int32.random(in: -9999...9999, using: &random)) months \(edgy(Int32.self, &random)) days "
                + "\(Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)) microseconds"
        case "uuid": return digits(32, "0123456789abcdef", &random)
        default: return decimal(type, &random)
        }
    }

    private static func pick(_ values: [String], _ random: inout SeededGenerator) -> String {
        // The last is the ordinary one.
        Int.random(in: 0..<3, using: &random) == 0 ? values.randomElement(using: &random) ?? "" : values.last ?? ""
    }

    private static func edgy<Number: FixedWidthInteger>(_: Number.Type, _ random: inout SeededGenerator) -> Number {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .max
        case 1: .min
        case 2: 0
        default: Number.random(in: .min ... .max, using: &random)
        }
    }

    private static func float(_ isShort: Bool, _ random: inout SeededGenerator) -> String {
        let special = [
            "NaN", "Infinity", "-Infinity", "-0", "0", isShort ? "1e-45" : "5e-324", isShort ? "3.4e38" : "1.7e308",
        ]
        if Int.random(in: 0..<3, using: &random) == 0 { return special.randomElement(using: &random) ?? "0" }
        let bits = random.next()
        let value = isShort ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) : Double(bitPattern: bits)
        return value.isFinite ? "\(value)" : "1.5"
    }

    private static func text(_ type: String, _ random: inout SeededGenerator) -> String {
        let limit = type == "char(5)" ? 5 : 20
        let plain = (0..<Int.random(in: 0...limit, using: &random)).map { _ in
            "abc xyz,{}\"\\'éß漢字🐘\n\t".randomElement(using: &random) ?? "a"
        }
        guard type.hasPrefix("json") else { return String(plain).replacing("\0", with: "") }
        let escaped = String(plain).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
            "\n",
            with: " "
        )
        .replacing("\t", with: " ")
        return "{\"a\": [1, 2.50, null], \"b\": \"\(escaped)\"}"
    }

    private static func digits(_ count: Int, _ alphabet: String, _ random: inout SeededGenerator) -> String {
        String((0..<count).map { _ in alphabet.randomElement(using: &random) ?? "0" })
    }

    private static func padded(_ range: ClosedRange<Int>, _ width: Int, _ random: inout SeededGenerator) -> String {
        let text = String(Int.random(in: range, using: &random))
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func day(_ random: inout SeededGenerator) -> String {
        padded(1...9999, 4, &random) + "-" + padded(1...12, 2, &random) + "-" + padded(1...28, 2, &random)
    }

    private static func clock(_ random: inout SeededGenerator) -> String {
        padded(0...23, 2, &random) + ":" + padded(0...59, 2, &random) + ":" + padded(0...59, 2, &random) + "."
            + padded(0...999_999, 6, &random)
    }

    private static func moment(_ random: inout SeededGenerator) -> String {
        let ordinary = day(&random) + " " + clock(&random)
        let edges = [
            "infinity", "-infinity", "4713-01-01 00:00:00 BC", "294246-12-31 23:59:59.999999",
            ("0" + ordinary.dropFirst()).replacing("0000-", with: "0001-") + " BC", ordinary,
        ]
        return pick(edges, &random)
    }

    private static func decimal(_ type: String, _ random: inout SeededGenerator) -> String {
        let parts = type.drop { $0 != "(" }.dropFirst().dropLast().split(separator: ",").compactMap { Int($0) }
        let (precision, scale) = (parts[0], parts[1])
        let whole = Int.random(in: 0...(precision - scale), using: &random)
        let sign = Bool.random(using: &random) ? "-" : ""
        let alphabet = ["0", "9", "0000000009", "0123456789"].randomElement(using: &random) ?? "0"
        return sign + "0" + digits(whole, alphabet, &random) + (scale > 0 ? "." + digits(scale, alphabet, &random) : "")
    }
}
