extension RowBatch {
    /// The rows at `places`, in that order, with memory of their own: nothing of this batch stays with them.
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
        case .bytes(let bytes): return .bytes(bytes.picking(places))
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

extension ByteViews {
    fileprivate func picking(_ places: [Int]) -> ByteViews {
        let own = ByteStorage(capacity: places.reduce(0) { $0 + Int(views[$1].length) })
        let picked = places.map { View(start: UInt32(own.append(self[$0])), length: views[$0].length) }
        return ByteViews(views: picked, storage: own)
    }
}

extension Bitmap {
    fileprivate func picking(_ places: [Int]) -> Bitmap {
        var picked = Bitmap(repeating: false, count: places.count)
        for (index, place) in places.enumerated() where self[place] { picked.set(index) }
        return picked
    }
}
