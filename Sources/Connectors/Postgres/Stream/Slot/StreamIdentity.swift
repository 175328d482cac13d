/// Tells one stream from every other: the text of `StreamCheckpoint.id`.
///
/// Made anew whenever a stream begins, also on a slot that was there before.
struct StreamIdentity: Hashable, Sendable, CustomStringConvertible {
    /// The cluster's identifier.
    var system: String
    /// The database's OID.
    var database: UInt32
    var slot: String
    /// Where the stream began.
    var start: LSN
    /// When, in milliseconds since 1970: a server that was restored may begin twice at one place.
    var time: Int64

    init(system: String, database: UInt32, slot: String, start: LSN, time: Int64) {
        self.system = system
        self.database = database
        self.slot = slot
        self.start = start
        self.time = time
    }

    /// `nil` for what this program has not written.
    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 5, let database = UInt32(parts[1]), let start = LSN(parts[3]), let time = Int64(parts[4])
        else { return nil }
        self.init(system: String(parts[0]), database: database, slot: String(parts[2]), start: start, time: time)
    }

    var description: String { "\(system) \(database) \(slot) \(start) \(time)" }
}
