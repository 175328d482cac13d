import TandemRows

/// Keys of rows that are written, so that those are left out which are said to go but come again.
///
/// Only keys of one whole number (or uuid), which most are, and which can be held here as they are; the server finds
/// the others.
struct KeySet {
    private var keys: Set<Int128> = []

    /// - Parameters:
    ///   - batches: Rows that hold the key in column `index`.
    /// - Returns: `nil` for keys of another type.
    init?(_ batches: [RowBatch], column index: Int) {
        keys.reserveCapacity(batches.reduce(0) { $0 + $1.rowCount })
        for batch in batches {
            guard let values = Self.values(of: batch.columns[index]) else { return nil }
            for row in 0..<batch.rowCount { keys.insert(values(row)) }
        }
    }

    /// What is left of `batches`, which hold keys only, without those that are here.
    func removed(from batches: [RowBatch]) -> [RowBatch]? {
        var rest: [RowBatch] = []
        for batch in batches {
            guard let column = batch.columns.first, let values = Self.values(of: column) else { return nil }
            let kept = (0..<batch.rowCount).filter { !keys.contains(values($0)) }
            guard !kept.isEmpty else { continue }
            guard kept.count < batch.rowCount else {
                rest.append(batch)
                continue
            }
            guard let part = Self.part(of: column, rows: kept) else { return nil }
            rest.append(RowBatch(rowCount: kept.count, columns: [part], byteCount: 0))
        }
        return rest
    }

    private static func values(of column: Column) -> ((Int) -> Int128)? {
        guard column.validity == nil else { return nil }
        switch column.storage {
        case .int16(let values): return { Int128(values[$0]) }
        case .int32(let values): return { Int128(values[$0]) }
        case .int64(let values): return { Int128(values[$0]) }
        case .int128(let values): return { values[$0] }
        default: return nil
        }
    }

    private static func part(of column: Column, rows: [Int]) -> Column? {
        switch column.storage {
        case .int16(let values): Column(storage: .int16(rows.map { values[$0] }))
        case .int32(let values): Column(storage: .int32(rows.map { values[$0] }))
        case .int64(let values): Column(storage: .int64(rows.map { values[$0] }))
        case .int128(let values): Column(storage: .int128(rows.map { values[$0] }))
        default: nil
        }
    }
}
