import TandemRows

/// What becomes of one cell.
enum Fit<Value> {
    case value(Value)
    /// Outside the type's domain; this is the nearest inside.
    case nearest(Value)
    /// Outside the type's domain, and nothing is near.
    case none
    case malformed
}

extension CellSpan {
    /// Decodes cells of `width` bytes, every one of which is a value.
    @inline(__always)
    func fixed<Value: BitwiseCopyable>(
        width: Int32,
        null: Value,
        _ value: (UnsafeRawPointer) -> Value
    ) throws(MalformedCell) -> (values: [Value], nulls: NullMask) {
        var nulls = NullMask(count: count)
        var isMalformed = false
        let base = base
        let values = [Value](unsafeUninitializedCapacity: count) { out, initialized in
            for row in 0..<cells.count {
                let cell = cells[row]
                if cell.length == width {
                    out.initializeElement(at: row, to: value(base + Int(cell.start)))
                } else {
                    out.initializeElement(at: row, to: null)
                    if cell.length < 0 { nulls.insert(row) } else { isMalformed = true }
                }
            }
            initialized = cells.count
        }
        guard !isMalformed else { throw MalformedCell() }
        return (values, nulls)
    }

    /// Decodes cells that may hold what their type cannot.
    @inline(__always)
    func checked<Value: BitwiseCopyable>(
        null: Value,
        _ value: (UnsafeRawPointer, _ length: Int) -> Fit<Value>
    ) throws(MalformedCell) -> (values: [Value], nulls: NullMask, unfit: [Int]) {
        var nulls = NullMask(count: count)
        var unfit: [Int] = []
        var isMalformed = false
        let base = base
        let values = [Value](unsafeUninitializedCapacity: count) { out, initialized in
            for row in 0..<cells.count {
                let cell = cells[row]
                guard cell.length >= 0 else {
                    out.initializeElement(at: row, to: null)
                    nulls.insert(row)
                    continue
                }
                switch value(base + Int(cell.start), Int(cell.length)) {
                case .value(let value): out.initializeElement(at: row, to: value)
                case .nearest(let value):
                    out.initializeElement(at: row, to: value)
                    unfit.append(row)
                case .none:
                    out.initializeElement(at: row, to: null)
                    nulls.insert(row)
                    unfit.append(row)
                case .malformed:
                    out.initializeElement(at: row, to: null)
                    isMalformed = true
                }
            }
            initialized = cells.count
        }
        guard !isMalformed else { throw MalformedCell() }
        return (values, nulls, unfit)
    }
}

/// Numbers as Postgres sends them, read from where nothing is aligned.
@inline(__always) func big16(_ at: UnsafeRawPointer) -> Int16 { Int16(bigEndian: at.loadUnaligned(as: Int16.self)) }
@inline(__always) func big32(_ at: UnsafeRawPointer) -> Int32 { Int32(bigEndian: at.loadUnaligned(as: Int32.self)) }
@inline(__always) func big64(_ at: UnsafeRawPointer) -> Int64 { Int64(bigEndian: at.loadUnaligned(as: Int64.self)) }
