import TandemRows

/// One number per row: how long it is, and later where its next cell goes.
extension [Int] {
    /// The most bytes one cell takes at a server.
    private static var cellLimit: Int { (1 << 30) - 1 }
    /// A cell's length, which comes before it; all there is of a null.
    private static var lengthSize: Int { 4 }

    /// Adds to each row the bytes that its cell of `column` takes.
    ///
    /// - Returns: How much room is needed besides, for what belongs to no row: see ``write(_:as:to:scratch:)``.
    mutating func measure(_ column: Column, as encoder: CellEncoder) throws(Unwritable) -> Int {
        if let width = encoder.width {
            add(Self.lengthSize + width, unlessNull: column.validity)
            return 0
        }
        switch (encoder, column.storage) {
        case (.bytes, .bytes(let views)): try add(views, extra: 0, column.validity)
        case (.jsonb, .bytes(let views)): try add(views, extra: 1, column.validity)
        case (.numericText, .bytes(let views)):
            for row in indices {
                guard column.validity.map({ $0[row] }) ?? true else {
                    self[row] += Self.lengthSize
                    continue
                }
                self[row] += Self.lengthSize + (try NumericText(views[row]).encodedLength)
            }
        case (.list(let element, _), .list(let offsets, let values)):
            return try add(offsets, values, element, column.validity)
        default: throw .layout
        }
        return 0
    }

    private mutating func add(_ length: Int, unlessNull validity: Bitmap?) {
        guard let validity else {
            for row in indices { self[row] += length }
            return
        }
        for row in indices { self[row] += validity[row] ? length : Self.lengthSize }
    }

    private mutating func add(_ strings: ByteViews, extra: Int, _ validity: Bitmap?) throws(Unwritable) {
        guard strings.views.count >= count else { throw .layout }
        var longest = 0
        for row in indices {
            // What a null's view says is anything.
            guard validity.map({ $0[row] }) ?? true else {
                self[row] += Self.lengthSize
                continue
            }
            let length = Int(strings.views[row].length) + extra
            longest = Swift.max(longest, length)
            self[row] += Self.lengthSize + length
        }
        guard longest <= Self.cellLimit else { throw .tooLarge }
    }

    private mutating func add(
        _ offsets: [Int],
        _ values: Column,
        _ element: CellEncoder,
        _ validity: Bitmap?
    ) throws(Unwritable) -> Int {
        guard offsets.count > count else { throw .layout }
        var lengths = [Int](repeating: 0, count: offsets[count])
        var scratch = try lengths.measure(values, as: element)
        for row in indices {
            guard validity.map({ $0[row] }) ?? true else {
                self[row] += Self.lengthSize
                for index in offsets[row]..<offsets[row + 1] { scratch = Swift.max(scratch, lengths[index]) }
                continue
            }
            var length = ListLayout.headerLength(elements: offsets[row + 1] - offsets[row])
            for index in offsets[row]..<offsets[row + 1] { length += lengths[index] }
            guard length <= Self.cellLimit else { throw .tooLarge }
            self[row] += Self.lengthSize + length
        }
        return scratch
    }
}

extension CellEncoder {
    /// The bytes of every value, where they are all the same.
    var width: Int? {
        switch self {
        case .bool: 1
        case .int16: 2
        case .int32, .float32, .date: 4
        case .int64, .float64, .time, .timestamp: 8
        case .timeTZ: 12
        case .uuid, .interval: 16
        case .decimal(let precision, let scale): DecimalLayout(precision: precision, scale: scale).width
        case .numericText, .bytes, .jsonb, .list: nil
        }
    }
}

/// An array on the wire: how many dimensions, whether there are nulls, the elements' type; the length and first index
/// of the one dimension, unless it is empty; and the elements, each with its length.
enum ListLayout {
    static func headerLength(elements: Int) -> Int { elements == 0 ? 12 : 20 }
}
