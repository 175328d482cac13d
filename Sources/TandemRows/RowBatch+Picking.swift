extension RowBatch {
    /// The rows at `places`, in that order.
    public func picking(_ places: [Int]) -> RowBatch {
        let share = rowCount == 0 ? 0 : byteCount * places.count / rowCount
        return RowBatch(rowCount: places.count, columns: columns.map { $0.picking(places) }, byteCount: share)
    }
}

extension Column {
    fileprivate func picking(_ places: [Int]) -> Column {
        Column(
            storage: storage.picking(places),
            validity: validity.map { $0.picking(places) },
            absent: absent.map { $0.picking(places) }
        )
    }
}

extension Column.Storage {
    fileprivate func picking(_ places: [Int]) -> Self {
        func pick<Value>(_ values: [Value]) -> [Value] { places.map { values[$0] } }
        switch self {
        case .bool(let values): return .bool(pick(values))
        case .int16(let values): return .int16(pick(values))
        case .int32(let values): return .int32(pick(values))
        case .int64(let values): return .int64(pick(values))
        case .int128(let values): return .int128(pick(values))
        case .float32(let values): return .float32(pick(values))
        case .float64(let values): return .float64(pick(values))
        case .interval(let values): return .interval(pick(values))
        case .bytes(let bytes): return .bytes(ByteViews(views: pick(bytes.views), storage: bytes.storage))
        case .list(let offsets, let values):
            var picked = [0]
            var elements: [Int] = []
            for place in places {
                elements += offsets[place]..<offsets[place + 1]
                picked.append(elements.count)
            }
            return .list(offsets: picked, values: values.picking(elements))
        }
    }
}

extension Bitmap {
    fileprivate func picking(_ places: [Int]) -> Bitmap {
        var picked = Bitmap(repeating: false, count: places.count)
        for (index, place) in places.enumerated() where self[place] { picked.set(index) }
        return picked
    }
}
