/// What a stretch of changes leaves of the rows of one table: each row they touched stands here once, as it ends.
///
/// A destination applies it in this order: empty the table if ``isEmptied``, or
/// take away the rows of ``removedFrom``; fill ``patched`` from the rows that
/// are there; take away ``removed`` and the rows under the keys of ``patched``;
/// add ``written`` and the patched rows. Doing so twice in a row leaves what
/// doing it once does, where the table has an identity and no patched row left
/// its key.
public struct NetChanges: Sendable {
    /// Whether all rows that were there before go first.
    public var isEmptied = false
    /// Rows that go first, of a table without an identity whose source sends all of them again.
    public var removedFrom: RowBound?
    /// Rows to take away, by their values in the columns of ``TableSchema/identity``, in its order. Keys that are not
    /// there are no error: rows about to be written stand here too.
    ///
    /// Where a table has no identity these are whole rows, and each takes away one of the rows that equal it; nulls
    /// equal nulls.
    public var removed: [RowBatch] = []
    /// Rows to write, in which nothing is absent.
    public var written: [RowBatch] = []
    /// Rows to write of which the source did not send every value.
    public var patched: [PartialUpdates] = []
    /// Rows to mark as deleted: see ``DeletedRows``. None where ``removed`` says all.
    public var deleted: [DeletedRows] = []
    /// When the table was emptied, by the source's clock: seconds since 1970. Known where deletions are kept.
    public var emptiedAt: Double?
    /// Whether a row changed its key on the way, if only for a while, and keeps values of what stood under the one it
    /// had: not to be applied to a table that shows some of these changes already.
    public var hasPartialKeyChange = false
    /// How many changes came to this.
    public var changeCount = 0

    public init() {}
}

/// Rows that are no longer at the source, where a destination keeps such rows and marks them.
///
/// They are marked after the table was emptied and patched rows were filled, and before any other row is taken away or
/// written. Of the rows that are there already marked none is touched. Keys that are not there are no error.
public struct DeletedRows: Sendable {
    /// Values in the columns of ``TableSchema/identity``, in its order, and where there is none whole rows, of which
    /// each marks one that equals it. After them when each row was deleted, as ``ColumnType/timestampTZ``; null where
    /// that is not known.
    public var rows: RowBatch

    public init(_ rows: RowBatch, times: [Double?]) {
        self.rows = rows
        var validity = Bitmap(repeating: true, count: times.count)
        let values = times.enumerated().map { row, time in
            if time == nil { validity.clear(row) }
            return Int64(((time ?? 0) * 1_000_000).rounded())
        }
        self.rows.columns.append(Column(storage: .int64(values), validity: validity))
    }
}

/// Rows that keep some values of the rows they replace.
public struct PartialUpdates: Sendable {
    /// The identity of the row that each of them replaces, at the destination as it is before these changes.
    public var keys: RowBatch
    /// The rows as they end. What is absent (``Column/absent``) keeps the replaced row's value.
    public var rows: RowBatch

    public init(keys: RowBatch, rows: RowBatch) {
        self.keys = keys
        self.rows = rows
    }
}
