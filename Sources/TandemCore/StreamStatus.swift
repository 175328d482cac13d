/// How the changes of a source stand for a sync that follows them.
public struct StreamStatus: Hashable, Sendable {
    /// By which they are told.
    public var method: Method
    /// What the source keeps its log by: the name of a slot, or of what triggers write to.
    public var slot: String
    /// Whether it is there. Nothing else is known of one that is not.
    public var exists = false
    public var plugin: String?
    /// Whether somebody reads from it now.
    public var isRead = false
    /// Bytes of log that the source keeps for it.
    public var kept: Int?
    /// Bytes of log that have not been confirmed yet, those of other tables and databases included.
    public var behind: Int?
    /// How long what was confirmed last had been in the log by then, in seconds. `nil` where nobody reads.
    public var delay: Double?
    /// The source's own word for what is kept: `reserved`, `extended`, `unreserved`, `lost`.
    public var state: String?
    /// Bytes that may still be written before the source lets go of what it keeps. `nil` without such a limit.
    public var room: Int?
    /// What somebody should see to.
    public var warnings: [Finding] = []

    public init(method: Method = .logBased, slot: String) {
        self.method = method
        self.slot = slot
    }
}
