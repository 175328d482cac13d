import TandemRows

/// Writes batches as the rows of a binary COPY.
///
/// Column by column: first every row's length is summed up, then each column
/// puts its cells where they belong. One switch per column, nothing is
/// allocated per cell, and the memory is used again for the next batch.
final class RowEncoder {
    private var memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private var capacity = 1 << 16
    private var ends: [Int] = []

    deinit { memory.deallocate() }

    /// More than this is given back to the system before the next batch.
    private static let keptCapacity = 4 * RowBatch.byteLimit

    /// What starts a binary COPY: its signature, no flags, and no extension.
    static let header: [UInt8] = [
        0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    /// What ends it: a row of -1 fields.
    static let trailer: [UInt8] = [0xFF, 0xFF]

    /// The rows of some columns, valid until the next call.
    ///
    /// - Parameter encoders: One for each column.
    /// - Throws: ``UnwritableColumn``.
    func encode(
        _ columns: [Column],
        rows: Int,
        as encoders: [CellEncoder]
    ) throws(UnwritableColumn) -> UnsafeRawBufferPointer {
        guard columns.count == encoders.count else { throw UnwritableColumn(index: 0, reason: .layout) }
        ends.removeAll(keepingCapacity: true)
        ends.append(contentsOf: repeatElement(MemoryLayout<Int16>.size, count: rows))
        var scratch = 0
        for index in encoders.indices {
            do throws(Unwritable) {
                scratch = max(scratch, try ends.measure(columns[index], as: encoders[index]))
            } catch {
                throw UnwritableColumn(index: index, reason: error)
            }
        }
        // From each row's length to where it starts.
        var total = 0
        for row in 0..<rows {
            let length = ends[row]
            ends[row] = total
            total += length
        }
        reserve(total + scratch)
        let count = Int16(truncatingIfNeeded: encoders.count)
        for row in 0..<rows {
            put16(count, at: memory + ends[row])
            ends[row] += MemoryLayout<Int16>.size
        }
        for index in encoders.indices {
            do throws(Unwritable) {
                try ends.write(columns[index], as: encoders[index], to: memory, scratch: total)
            } catch {
                throw UnwritableColumn(index: index, reason: error)
            }
        }
        return UnsafeRawBufferPointer(start: memory, count: total)
    }

    private func reserve(_ count: Int) {
        let isTooLarge = capacity > Self.keptCapacity && count <= Self.keptCapacity
        guard count > capacity || isTooLarge else { return }
        memory.deallocate()
        capacity = isTooLarge ? Self.keptCapacity : max(count, min(2 * capacity, Self.keptCapacity))
        memory = .allocate(byteCount: capacity, alignment: 16)
    }
}

/// A column of a batch that cannot be written.
struct UnwritableColumn: Error {
    /// Its index in the batch.
    var index: Int
    var reason: Unwritable
}

@inline(__always) func put16(_ value: Int16, at place: UnsafeMutableRawPointer) {
    place.storeBytes(of: value.bigEndian, as: Int16.self)
}
@inline(__always) func put32(_ value: Int32, at place: UnsafeMutableRawPointer) {
    place.storeBytes(of: value.bigEndian, as: Int32.self)
}
@inline(__always) func put64(_ value: Int64, at place: UnsafeMutableRawPointer) {
    place.storeBytes(of: value.bigEndian, as: Int64.self)
}
