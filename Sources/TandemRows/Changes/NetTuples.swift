/// ``NetChanges`` before they are decoded. All of it lies in one storage.
public struct NetTuples {
    /// Rows that keep some values of the rows they replace: see ``PatchedRows``.
    public struct Patch {
        public var keys: TupleBuffer
        public var rows: TupleBuffer
    }

    public var isEmptied = false
    /// By the columns of the identity, in its order, or whole rows where there is none.
    public var removed: [TupleBuffer] = []
    public var written: [TupleBuffer] = []
    public var patched: [Patch] = []
    public var changeCount = 0
}
