/// ``NetChanges`` before they are decoded. All of it lies in one storage.
public struct NetTuples {
    /// Rows that keep some values of the rows they replace: see ``PartialUpdates``.
    public struct Patch {
        public var keys: TupleBuffer
        public var rows: TupleBuffer
    }

    /// Rows that went for good, and when: see ``DeletedRows``.
    public struct Deletion {
        public var rows: TupleBuffer
        public var times: [Double?]
    }

    public var isEmptied = false
    /// See ``NetChanges/hasPartialKeyChange``.
    public var hasPartialKeyChange = false
    public var emptiedAt: Double?
    /// By the columns of the identity, in its order, or whole rows where there is none.
    public var removed: [TupleBuffer] = []
    public var written: [TupleBuffer] = []
    public var patched: [Patch] = []
    public var deleted: [Deletion] = []
    public var changeCount = 0
}
