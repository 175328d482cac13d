/// Memory that grows at its end, whose address stays the same until it is emptied or grows.
///
/// One owner fills it and then shares it with the batches that point into it.
/// Whoever shares it only reads; the owner fills it again once it is the only
/// one left (`isKnownUniquelyReferenced`), and takes a new one otherwise.
// Unchecked because the compiler cannot see that rule: no one writes while it is shared.
public final class ByteStorage: @unchecked Sendable {
    public private(set) var base: UnsafeMutableRawPointer
    public private(set) var count = 0
    private var capacity: Int

    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// Appends `bytes` and returns where they start.
    @discardableResult
    public func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let start = count
        if count + bytes.count > capacity { grow(toHold: count + bytes.count) }
        if let source = bytes.baseAddress { (base + start).copyMemory(from: source, byteCount: bytes.count) }
        count += bytes.count
        return start
    }

    /// Forgets the content, and gives memory back to the system if it is more than `keeping` bytes.
    public func removeAll(keeping limit: Int) {
        count = 0
        guard capacity > limit else { return }
        base.deallocate()
        capacity = max(limit, 64)
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    private func grow(toHold needed: Int) {
        let larger = max(needed, capacity + capacity / 2)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        memory.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = memory
        capacity = larger
    }
}
