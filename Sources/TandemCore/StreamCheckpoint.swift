public import TandemRows

/// How far a sync has come with a source's changes. A sync has one for each method that follows some of its tables.
public struct StreamCheckpoint: Hashable, Sendable {
    /// By which they are told.
    public var method: Method
    /// Tells this stream from every other, also from one that took its place after changes were lost.
    public var id: String
    /// All changes up to here have been applied, and none after it.
    public var checkpoint: Checkpoint
    /// When the last transaction in it was committed by the source's clock, seconds since 1970; `nil` before the first.
    public var time: Double?

    public init(method: Method = .logBased, id: String, checkpoint: Checkpoint, time: Double? = nil) {
        self.method = method
        self.id = id
        self.checkpoint = checkpoint
        self.time = time
    }
}
