import TandemRows

/// A row as it was sent: its bytes, and where each cell lies in them, in the order of the relation's columns.
struct TupleImage {
    let bytes: UnsafeRawBufferPointer
    /// A cell's start counts from the first of `bytes`.
    let cells: UnsafeBufferPointer<TupleBuffer.Cell>
}

/// What was sent of a row as it was before.
enum OldImage {
    /// Nothing: the columns of its identity stayed as they were.
    case unchanged
    /// The columns of its identity; the others are null or absent, and neither says anything.
    case key(TupleImage)
    /// All of it (`REPLICA IDENTITY FULL`).
    case row(TupleImage)
}
