/// The values of one column for every row of a batch, laid out as Arrow lays them out.
public struct Column: Sendable {
    /// How the values lie in memory.
    ///
    /// Code that only moves values switches over this, once per column. Code
    /// that needs their meaning looks at ``ColumnSchema/type``. Where a row is
    /// null its slot holds anything.
    public enum Storage: Sendable {
        case bool([Bool])
        case int16([Int16])
        case int32([Int32])
        case int64([Int64])
        case int128([Int128])
        case float32([Float])
        case float64([Double])
        case interval([Interval])
        case bytes(ByteViews)
        /// Row `i` holds `values` from `offsets[i]` up to `offsets[i + 1]`.
        indirect case list(offsets: [Int], values: Column)
    }

    public var storage: Storage
    /// Set for rows whose value is not null. `nil` when no row is null.
    public var validity: Bitmap?
    /// Set for rows the source sent no value for, such as an unchanged TOAST value: not null but unknown, and their
    /// slot holds anything. `nil` when it sent every one, as it does in a snapshot.
    public var absent: Bitmap?

    public init(storage: Storage, validity: Bitmap? = nil, absent: Bitmap? = nil) {
        self.storage = storage
        self.validity = validity
        self.absent = absent
    }

    @inlinable public func isNull(_ row: Int) -> Bool { validity.map { !$0[row] } ?? false }
}

/// A span of time whose parts are kept apart, because a month or a day has no fixed length.
public struct Interval: Hashable, Sendable, BitwiseCopyable {
    public var months: Int32
    public var days: Int32
    public var microseconds: Int64

    public init(months: Int32, days: Int32, microseconds: Int64) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }
}

/// Byte strings that lie anywhere in one storage, which columns of a batch may share.
public struct ByteViews: Sendable {
    /// Where one string lies. Starts are below 4 GiB, lengths below 2 GiB.
    public struct View: Hashable, Sendable, BitwiseCopyable {
        public var start: UInt32
        public var length: UInt32

        @inlinable public init(start: UInt32, length: UInt32) {
            self.start = start
            self.length = length
        }
    }

    public var views: [View]
    public var storage: ByteStorage

    public init(views: [View], storage: ByteStorage) {
        self.views = views
        self.storage = storage
    }

    /// The bytes of row `row`, valid while `storage` is held.
    @inlinable public subscript(row: Int) -> UnsafeRawBufferPointer {
        let view = views[row]
        return UnsafeRawBufferPointer(start: storage.base + Int(view.start), count: Int(view.length))
    }
}
