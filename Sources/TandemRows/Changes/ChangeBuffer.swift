/// The changes of one table as their source sent them, boiled down while they arrive to what is left of each row.
///
/// A change is an append and a look-up: its bytes are kept, nothing is
/// decoded, and a row that changes again takes the place of what it was.
/// Values that an update leaves out are taken from the row as it was, where
/// that came along or changed before; only the places of values move.
///
/// Where the table has an identity, the buffer knows each key that a change
/// named, and what stands under it now. That covers rows whose key changes,
/// also in circles, if keys tell the rows apart after every single change: a
/// deferrable key does not. Keys are equal whose bytes are. Where it has none,
/// rows count: what was inserted and what was deleted cancel out.
public struct ChangeBuffer {
    public let columnCount: Int
    /// Indexes of the columns that tell rows apart. Empty where none do.
    public var identity: [Int] { hasIdentity ? keys.columns : [] }
    /// Whether a row changed its key since, and keeps values of what stood under the one it had: these changes can be
    /// applied to the table as it was before them, and not to one that shows some of them.
    public internal(set) var hasPartialKeyChange = false
    /// Changes that came since the last ``takeNet()``, also those that left nothing.
    public internal(set) var changeCount = 0
    let hasIdentity: Bool
    let keys: KeyColumns
    let byteLimit: Int
    /// Whether rows that went for good are told apart from those that are replaced, with when they went.
    public let keepsDeletions: Bool
    /// When the changes to come were made, seconds since 1970. Of no effect unless deletions are kept.
    public var time: Double?
    var emptiedAt: Double?
    /// When each row of `rows` was last deleted. Empty unless deletions are kept.
    var times: [Double?] = []
    /// What became of each row of `deleted`. Empty unless deletions are kept.
    var departures: [Departure] = []
    var isEmptied = false
    var bytes = ByteStorage(capacity: 64)
    /// As many as came last time. Room for them is made with the first that comes, so that an idle table takes none.
    var expectedBytes = 0
    /// With identity a row for each key that was named, and where there is none the rows inserted.
    @usableFromInline var rows: RowCells
    /// What stands under the key of each row of `rows`.
    var states: [RowState] = []
    var index = KeyIndex()
    /// Rows deleted from a table without identity.
    var deleted: RowCells

    /// What stands under a key.
    enum RowState {
        case nothing
        /// A row of which every value is known.
        case whole
        /// A row that keeps values of the one that stood under the key of row `origin` before these changes.
        case patched(origin: UInt32)
    }

    /// How a row without identity went: deleted, or updated to be the row `successor` of `rows`.
    struct Departure {
        var time: Double?
        var successor: Int?
    }

    /// - Parameters:
    ///   - identity: Indexes of the columns that tell rows apart; empty where none do.
    ///   - byteLimit: Bytes, of rows and of where their values lie, at which the buffer is full.
    public init(columnCount: Int, identity: [Int], keepsDeletions: Bool = false, byteLimit: Int = 1 << 30) {
        self.keepsDeletions = keepsDeletions
        self.columnCount = columnCount
        self.byteLimit = byteLimit
        hasIdentity = !identity.isEmpty
        keys = KeyColumns(columns: hasIdentity ? identity : Array(0..<columnCount))
        rows = RowCells(columnCount: columnCount)
        deleted = RowCells(columnCount: columnCount)
    }

    /// Whether nothing came since the last ``takeNet()``.
    public var isEmpty: Bool { changeCount == 0 }

    /// Memory that the changes take.
    public var byteCount: Int {
        bytes.count + (rows.count + deleted.count) * (columnCount * MemoryLayout<TupleBuffer.Cell>.stride + 32)
    }

    /// Whether it is time for ``takeNet()``: places in the bytes are 32-bit numbers, and memory has a limit.
    public var isFull: Bool { byteCount >= byteLimit }

    /// Takes in a row that was inserted. Under a key that is taken it replaces the row that was there.
    ///
    /// - Parameter locate: Called with where `tuple` now starts and the slots to fill, one for each column.
    /// - Throws: ``UnusableChange``; what `locate` throws.
    @inlinable public mutating func insert<Failure: Error>(
        _ tuple: UnsafeRawBufferPointer,
        locate: (_ start: UInt32, _ cells: UnsafeMutablePointer<TupleBuffer.Cell>) throws(Failure) -> Void
    ) throws {
        let start = try place(tuple)
        try rows.withRoom { row, _ throws(Failure) in try locate(start, row) }
        try insert()
    }

    /// Takes in a row that was updated.
    ///
    /// - Parameters:
    ///   - tuples: The row as it is and, where the source sends it, as it was.
    ///   - locate: Called with where `tuples` now start, the slots to fill for the row as it was and those for the row
    ///     as it is; returns whether the row as it was came along. Of that, the columns of the identity are
    ///     needed and the others may be ``TupleBuffer/Cell/absent``. Where it did not come, its key is the same.
    /// - Throws: ``UnusableChange``; what `locate` throws.
    @inlinable public mutating func update<Failure: Error>(
        _ tuples: UnsafeRawBufferPointer,
        locate: (
            _ start: UInt32, _ old: UnsafeMutablePointer<TupleBuffer.Cell>,
            _ new: UnsafeMutablePointer<TupleBuffer.Cell>
        ) throws(Failure) -> Bool
    ) throws {
        let start = try place(tuples)
        let hasOld = try rows.withRoom { new, old throws(Failure) in try locate(start, old, new) }
        try update(hasOld: hasOld)
    }

    /// Takes in a row that was deleted.
    ///
    /// - Parameter locate: Called with where `tuple` now starts and the slots to fill, one for each column: those of
    ///   the identity, or all where there is none; the others may be ``TupleBuffer/Cell/absent``.
    /// - Throws: ``UnusableChange``; what `locate` throws.
    @inlinable public mutating func delete<Failure: Error>(
        _ tuple: UnsafeRawBufferPointer,
        locate: (_ start: UInt32, _ cells: UnsafeMutablePointer<TupleBuffer.Cell>) throws(Failure) -> Void
    ) throws {
        let start = try place(tuple)
        try rows.withRoom { row, _ throws(Failure) in try locate(start, row) }
        try delete()
    }

    /// Takes in that all rows went: nothing that came before matters any more.
    public mutating func truncate() {
        removeAll()
        isEmptied = true
        emptiedAt = time
        changeCount += 1
    }

    /// Keeps the bytes of a change, and makes room for its cells.
    @usableFromInline mutating func place(_ tuple: UnsafeRawBufferPointer) throws -> UInt32 {
        guard bytes.count + tuple.count <= UInt32.max else { throw UnusableChange.tooLarge }
        if bytes.count == 0 { bytes = ByteStorage(capacity: max(expectedBytes, tuple.count, 4096)) }
        rows.makeRoom()
        return UInt32(truncatingIfNeeded: bytes.append(tuple))
    }
}
