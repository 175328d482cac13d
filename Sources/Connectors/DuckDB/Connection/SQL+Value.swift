import TandemRows

extension SQL {
    /// A single value. `nil` for what is none of `type`.
    static func literal(_ value: Value, as type: ColumnType) -> String? {
        switch (value, type) {
        case (.null, _): return "NULL"
        case (.list(let elements), .list(let element)):
            let texts = elements.compactMap { literal($0, as: element) }
            return texts.count == elements.count ? "[\(texts.joined(separator: ", "))]::\(type.sql)" : nil
        case (.interval(let parts), .interval):
            return "(to_months(\(parts.months)) + to_days(\(parts.days)) + to_microseconds(\(parts.microseconds)))"
        case (_, .bytes):
            return value.text(as: type).map { "unhex(\(literal(String($0.dropFirst(2)))))" }
        case (_, .text): return value.text(as: type).map { literal($0) }
        case (_, .date), (_, .timestamp), (_, .timestampTZ):
            // As DuckDB writes years before the first.
            return value.text(as: type).map { literal($0.replacing(bytes: " BC", with: " (BC)")) + "::\(type.sql)" }
        default: return value.text(as: type).map { literal($0) + "::\(type.sql)" }
        }
    }
}
