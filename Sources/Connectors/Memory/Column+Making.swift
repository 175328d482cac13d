import TandemRows

extension Column {
    /// The values of `rows`, each from a column of the same type.
    init(picking rows: [(column: Column, row: Int)]) {
        var validity = Bitmap(repeating: true, count: rows.count)
        for (index, place) in rows.enumerated() where place.column.isNull(place.row) { validity.clear(index) }
        self.init(storage: Storage(picking: rows), validity: validity)
    }

    /// `count` nulls.
    init(nullsOf type: ColumnType, count: Int) {
        self.init(storage: Storage(zerosOf: type, count: count), validity: Bitmap(repeating: false, count: count))
    }
}

extension Column.Storage {
    /// Where a value is null its slot is filled with nothing.
    fileprivate init(picking rows: [(column: Column, row: Int)]) {
        func pick<Value>(_ nothing: Value, _ values: (Self) -> [Value]?) -> [Value] {
            rows.map { $0.column.isNull($0.row) ? nothing : values($0.column.storage)?[$0.row] ?? nothing }
        }
        switch rows.first?.column.storage {
        case .bool: self = .bool(pick(false) { if case .bool(let values) = $0 { values } else { nil } })
        case .int16: self = .int16(pick(0) { if case .int16(let values) = $0 { values } else { nil } })
        case .int32: self = .int32(pick(0) { if case .int32(let values) = $0 { values } else { nil } })
        case .int64: self = .int64(pick(0) { if case .int64(let values) = $0 { values } else { nil } })
        case .int128: self = .int128(pick(0) { if case .int128(let values) = $0 { values } else { nil } })
        case .float32: self = .float32(pick(0) { if case .float32(let values) = $0 { values } else { nil } })
        case .float64: self = .float64(pick(0) { if case .float64(let values) = $0 { values } else { nil } })
        case .interval:
            let nothing = Interval(months: 0, days: 0, microseconds: 0)
            self = .interval(pick(nothing) { if case .interval(let values) = $0 { values } else { nil } })
        case .bytes: self = .bytes(ByteViews(picking: rows))
        case .list: self = Self.list(picking: rows)
        case nil: self = .bool([])
        }
    }

    private static func list(picking rows: [(column: Column, row: Int)]) -> Self {
        var offsets = [0]
        var elements: [(column: Column, row: Int)] = []
        for (column, row) in rows {
            if case .list(let offsets, let values) = column.storage, !column.isNull(row) {
                elements += (offsets[row]..<offsets[row + 1]).map { (values, $0) }
            }
            offsets.append(elements.count)
        }
        // The type of no elements does not matter to whoever reads them.
        return .list(offsets: offsets, values: Column(picking: elements))
    }

    fileprivate init(zerosOf type: ColumnType, count: Int) {
        func zeros<Value>(_ zero: Value) -> [Value] { Array(repeating: zero, count: count) }
        switch type {
        case .bool: self = .bool(zeros(false))
        case .int16, .decimal(...4, _): self = .int16(zeros(0))
        case .int32, .date, .decimal(5...9, _): self = .int32(zeros(0))
        case .int64, .time, .timeTZ, .timestamp, .timestampTZ, .decimal(10...18, _): self = .int64(zeros(0))
        case .decimal, .uuid: self = .int128(zeros(0))
        case .float32: self = .float32(zeros(0))
        case .float64: self = .float64(zeros(0))
        case .interval: self = .interval(zeros(Interval(months: 0, days: 0, microseconds: 0)))
        case .text, .json, .bytes:
            self = .bytes(ByteViews(views: zeros(.init(start: 0, length: 0)), storage: ByteStorage()))
        case .list(let element): self = .list(offsets: zeros(0) + [0], values: Column(nullsOf: element, count: 0))
        }
    }
}

extension ByteViews {
    fileprivate init(picking rows: [(column: Column, row: Int)]) {
        let storage = ByteStorage()
        let views = rows.map { column, row in
            guard case .bytes(let bytes) = column.storage, !column.isNull(row) else { return View(start: 0, length: 0) }
            return View(start: UInt32(storage.append(bytes[row])), length: bytes.views[row].length)
        }
        self.init(views: views, storage: storage)
    }
}
