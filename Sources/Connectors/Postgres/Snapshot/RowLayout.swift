import TandemRows

/// Why a row of a binary COPY cannot be read.
enum MalformedRow: Error, CustomStringConvertible {
    case header, length, fields

    var description: String {
        switch self {
        case .header: "a COPY without its header"
        case .length: "a row whose parts exceed it"
        case .fields: "a row with another number of columns"
        }
    }
}

enum RowLayout {
    /// Notes where each field of `row` lies once the row is stored at `start`.
    ///
    /// - Parameter cells: The slots to fill, one every `RowBatch.rowLimit`.
    @inline(__always)
    static func locate(
        _ row: UnsafeRawBufferPointer,
        columns: Int,
        start: UInt32,
        cells: UnsafeMutablePointer<TupleBuffer.Cell>
    ) throws(MalformedRow) {
        guard row.count >= 2, let base = row.baseAddress else { throw .length }
        guard Int(row.bigEndian(Int16.self, at: 0)) == columns else { throw .fields }
        let end = row.count
        var at = 2
        var slot = cells
        for _ in 0..<columns {
            guard end - at >= 4 else { throw .length }
            let length = Int32(bigEndian: (base + at).loadUnaligned(as: Int32.self))
            at += 4
            slot.pointee = TupleBuffer.Cell(start: start &+ UInt32(truncatingIfNeeded: at), length: length)
            if length > 0 {
                at += Int(length)
                guard at <= end else { throw .length }
            } else if length < -1 {
                throw .length
            }
            slot += RowBatch.rowLimit
        }
        guard at == end else { throw .length }
    }
}

extension UnsafeRawBufferPointer {
    /// The number at `offset`, which the caller has checked to be inside.
    @inline(__always)
    func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
