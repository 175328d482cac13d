import TandemRows

/// A value as a source sends it.
enum RawCell: Hashable {
    case value(String)
    case null
    case absent
}

typealias RawRow = [RawCell]

/// A change as a source sends it.
enum RawChange {
    case insert(RawRow)
    case update(old: RawRow?, new: RawRow)
    case delete(RawRow)
    case truncate
}

extension ChangeBuffer {
    mutating func take(_ change: RawChange) throws {
        switch change {
        case .insert(let row):
            try Self.bytes(row).withUnsafeBytes { bytes in
                try insert(bytes) { (start, cells) throws(Never) in Self.locate(row, start, cells) }
            }
        case .update(let old, let new):
            try (Self.bytes(old ?? []) + Self.bytes(new)).withUnsafeBytes { bytes in
                try update(bytes) { (start, oldCells, newCells) throws(Never) in
                    Self.locate(old ?? [], start, oldCells)
                    Self.locate(new, start + UInt32(Self.bytes(old ?? []).count), newCells)
                    return old != nil
                }
            }
        case .delete(let row):
            try Self.bytes(row).withUnsafeBytes { bytes in
                try delete(bytes) { (start, cells) throws(Never) in Self.locate(row, start, cells) }
            }
        case .truncate: truncate()
        }
    }

    /// Something before and after each value, so that places matter.
    private static func bytes(_ row: RawRow) -> [UInt8] {
        row.flatMap { cell in
            guard case .value(let text) = cell else { return [UInt8(ascii: "-")] }
            return [UInt8(ascii: "<")] + Array(text.utf8) + [UInt8(ascii: ">")]
        }
    }

    private static func locate(_ row: RawRow, _ start: UInt32, _ cells: UnsafeMutablePointer<TupleBuffer.Cell>) {
        var at = start
        for (column, cell) in row.enumerated() {
            switch cell {
            case .value(let text):
                cells[column] = .init(start: at + 1, length: Int32(text.utf8.count))
                at += UInt32(text.utf8.count) + 2
            case .null: (cells[column], at) = (.null, at + 1)
            case .absent: (cells[column], at) = (.absent, at + 1)
            }
        }
    }
}

extension TupleBuffer {
    var rawRows: [RawRow] {
        var result = [RawRow](repeating: [], count: rowCount)
        for column in 0..<columnCount {
            withCells(of: column) { cells, base in
                for (row, cell) in cells.enumerated() {
                    let bytes = UnsafeRawBufferPointer(
                        start: base + Int(cell.start),
                        count: Int(max(cell.length, 0))
                    )
                    let value = RawCell.value(String(decoding: bytes, as: UTF8.self))
                    result[row].append(cell == .null ? .null : cell == .absent ? .absent : value)
                }
            }
        }
        return result
    }
}
