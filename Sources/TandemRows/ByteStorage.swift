/// Memory that grows at its end, whose address stays the same until it is emptied or grows.
///
/// One owner fills it and then shares it with the batches that point into it.
/// Whoever shares it only reads; the owner fills it again once it is the only
/// one left (`isKnownUniquelyReferenced`), and takes a new one otherwise.
// Unchecked because the compiler cannot see that rule: no one writes while it is shared.
public final class ByteStorage: @unchecked Sendable {
    // Not checked for overlapping access: they are read once per row, and no access holds on.
    @exclusivity(unchecked) @usableFromInline var start: UnsafeMutableRawPointer
    @exclusivity(unchecked) @usableFromInline var used = 0
    @exclusivity(unchecked) @usableFromInline var capacity: Int

    @inlinable public var base: UnsafeMutableRawPointer { start }
    @inlinable public var count: Int { used }

    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        start = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { start.deallocate() }

    /// Appends `bytes` and returns where they start.
    @discardableResult
    @inlinable public func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let at = used
        if at + bytes.count > capacity { grow(toHold: at + bytes.count) }
        if let source = bytes.baseAddress { (start + at).copyMemory(from: source, byteCount: bytes.count) }
        used = at + bytes.count
        return at
    }

    /// Appends `count` bytes that `write` puts in place, all of them, and returns where they start.
    @inlinable public func append(count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> Int {
        let at = used
        if at + count > capacity { grow(toHold: at + count) }
        write(start + at)
        used = at + count
        return at
    }

    /// Forgets the content, and gives memory back to the system if it is more than `keeping` bytes.
    public func removeAll(keeping limit: Int) {
        used = 0
        guard capacity > limit else { return }
        start.deallocate()
        capacity = max(limit, 64)
        start = .allocate(byteCount: capacity, alignment: 16)
    }

    @usableFromInline func grow(toHold needed: Int) {
        let larger = max(needed, capacity + capacity / 2)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        memory.copyMemory(from: start, byteCount: used)
        start.deallocate()
        start = memory
        capacity = larger
    }
}
