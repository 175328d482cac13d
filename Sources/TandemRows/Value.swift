/// One value, apart from any batch: of a key, a bound, a default. What it means its column's ``ColumnType`` says, as it
/// does for ``Column/Storage``.
///
/// Equal where the bits are, as a source sends them.
public enum Value: Hashable, Sendable {
    case null
    /// What is stored as a number (truth, whole numbers, decimals without their point, dates, times, UUIDs), or the
    /// bits of one that floats.
    case number(Int128)
    /// Text, JSON and bytes.
    case bytes([UInt8])
    case interval(Interval)
    case list([Value])

    /// That of a row which is not absent.
    public init(_ row: Int, of column: Column) {
        guard !column.isNull(row) else {
            self = .null
            return
        }
        switch column.storage {
        case .bool(let values): self = .number(values[row] ? 1 : 0)
        case .int16(let values): self = .number(Int128(values[row]))
        case .int32(let values): self = .number(Int128(values[row]))
        case .int64(let values): self = .number(Int128(values[row]))
        case .int128(let values): self = .number(values[row])
        case .float32(let values): self = .number(Int128(values[row].bitPattern))
        case .float64(let values): self = .number(Int128(values[row].bitPattern))
        case .interval(let values): self = .interval(values[row])
        case .bytes(let views): self = .bytes(Array(views[row]))
        case .list(let offsets, let values):
            self = .list((offsets[row]..<offsets[row + 1]).map { Value($0, of: values) })
        }
    }

    public static func text(_ text: String) -> Value { .bytes(Array(text.utf8)) }

    /// As ``Column/text(_:as:)``. `nil` for null, and for what is no value of `type`.
    public func text(as type: ColumnType) -> String? { Column([self], as: type)?.text(0, as: type) }
}

extension Column {
    /// `nil` where one of `values` is none of `type`.
    public init?(_ values: [Value], as type: ColumnType) {
        guard let storage = Storage(values, as: type) else { return nil }
        self.init(storage: storage)
        guard values.contains(.null) else { return }
        var validity = Bitmap(repeating: true, count: values.count)
        for (row, value) in values.enumerated() where value == .null { validity.clear(row) }
        self.validity = validity
    }
}

extension Column.Storage {
    fileprivate init?(_ values: [Value], as type: ColumnType) {
        switch type {
        case .text, .json, .bytes:
            let storage = ByteStorage()
            var views: [ByteViews.View] = []
            for value in values {
                guard let bytes = value.stored(or: []) else { return nil }
                let start = bytes.withUnsafeBytes { storage.append($0) }
                views.append(ByteViews.View(start: UInt32(start), length: UInt32(bytes.count)))
            }
            self = .bytes(ByteViews(views: views, storage: storage))
        case .interval:
            var intervals: [Interval] = []
            for value in values {
                switch value {
                case .interval(let interval): intervals.append(interval)
                case .null: intervals.append(Interval(months: 0, days: 0, microseconds: 0))
                case .number, .bytes, .list: return nil
                }
            }
            self = .interval(intervals)
        case .list(let element):
            var (offsets, elements): ([Int], [Value]) = ([0], [])
            for value in values {
                switch value {
                case .list(let list): elements += list
                case .null: break
                case .number, .bytes, .interval: return nil
                }
                offsets.append(elements.count)
            }
            guard let column = Column(elements, as: element) else { return nil }
            self = .list(offsets: offsets, values: column)
        default:
            var numbers: [Int128] = []
            for value in values {
                guard let number = value.stored(or: 0) else { return nil }
                numbers.append(number)
            }
            self.init(numbers, as: type)
        }
    }

    private init?(_ numbers: [Int128], as type: ColumnType) {
        switch type {
        case .bool: self = .bool(numbers.map { $0 != 0 })
        case .int16: self = .int16(numbers.map { Int16(truncatingIfNeeded: $0) })
        case .int32, .date: self = .int32(numbers.map { Int32(truncatingIfNeeded: $0) })
        case .int64, .time, .timeTZ, .timestamp, .timestampTZ:
            self = .int64(numbers.map { Int64(truncatingIfNeeded: $0) })
        case .uuid: self = .int128(numbers)
        case .float32: self = .float32(numbers.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
        case .float64: self = .float64(numbers.map { Double(bitPattern: UInt64(truncatingIfNeeded: $0)) })
        case .decimal(let precision, _):
            switch precision {
            case ...4: self = .int16(numbers.map { Int16(truncatingIfNeeded: $0) })
            case ...9: self = .int32(numbers.map { Int32(truncatingIfNeeded: $0) })
            case ...18: self = .int64(numbers.map { Int64(truncatingIfNeeded: $0) })
            default: self = .int128(numbers)
            }
        case .text, .json, .bytes, .interval, .list: return nil
        }
    }
}

extension Value {
    /// `nothing` for null, `nil` for what is stored otherwise.
    fileprivate func stored(or nothing: [UInt8]) -> [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .null: nothing
        case .number, .interval, .list: nil
        }
    }

    fileprivate func stored(or nothing: Int128) -> Int128? {
        switch self {
        case .number(let number): number
        case .null: nothing
        case .bytes, .interval, .list: nil
        }
    }
}
