import TandemRows

/// The values of one change, one after the other, with what was escaped in JSON as it is meant.
final class ValueStore {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init() { memory = .allocate(byteCount: 4096, alignment: 16) }

    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func removeAll() {
        count = 0
        guard memory.count > 1 << 20 else { return }
        memory.deallocate()
        memory = .allocate(byteCount: 4096, alignment: 16)
    }

    /// Takes in a value of `source`.
    @inline(__always)
    func add(
        _ value: JSONScanner.Value,
        of source: UnsafeRawBufferPointer
    ) throws(MalformedMessage) -> TupleBuffer.Cell {
        switch value {
        case .null: return .null
        case .bare(let token), .text(let token):
            let text = UnsafeRawBufferPointer(rebasing: source[token.range])
            if count + text.count > memory.count { grow(by: text.count) }
            let start = count
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + text.count])
            if token.isEscaped {
                count += try JSONEscapes.copy(text, to: room)
            } else {
                room.copyMemory(from: text)
                count += text.count
            }
            return TupleBuffer.Cell(
                start: UInt32(truncatingIfNeeded: start),
                length: Int32(truncatingIfNeeded: count - start)
            )
        }
    }

    private func grow(by needed: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(count + needed, 2 * memory.count),
            alignment: 16
        )
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
        memory.deallocate()
        memory = larger
    }
}
