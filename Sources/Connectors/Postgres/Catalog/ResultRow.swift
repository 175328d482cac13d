/// A catalog query answered with something else than it was asked for.
struct UnreadableCell: Error {}

/// The cells of one row of a catalog query, taken one after another as they stand in its select list.
struct ResultRow: ~Copyable {
    private let cells: [String?]
    private var at = 0

    init(_ cells: [String?]) { self.cells = cells }

    /// The next cell, `nil` for null.
    mutating func optional() throws -> String? {
        guard at < cells.count else { throw UnreadableCell() }
        defer { at += 1 }
        return cells[at]
    }

    mutating func text() throws -> String {
        guard let text = try optional() else { throw UnreadableCell() }
        return text
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws -> Number {
        guard let number = Number(try text()) else { throw UnreadableCell() }
        return number
    }

    mutating func optionalNumber<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws -> Number? {
        guard let text = try optional() else { return nil }
        guard let number = Number(text) else { throw UnreadableCell() }
        return number
    }

    /// Null counts as false, which is what a privilege of something just dropped is.
    mutating func flag() throws -> Bool { try optionalFlag() ?? false }

    mutating func optionalFlag() throws -> Bool? {
        switch try optional() {
        case "t", "true": return true
        case "f", "false": return false
        case nil: return nil
        default: throw UnreadableCell()
        }
    }
}
