/// Tells one stream of changes that triggers note from every other: the text of `StreamCheckpoint.id`.
///
/// Made anew whenever a stream begins.
struct TriggerIdentity: Hashable, Sendable, CustomStringConvertible {
    /// As ``Origin`` writes it: cluster and database.
    var origin: String
    /// When the stream began, in milliseconds since 1970.
    var time: Int64

    init(origin: String, time: Int64) {
        self.origin = origin
        self.time = time
    }

    /// `nil` for what this program has not written.
    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 3, parts[0] == "triggers", let time = Int64(parts[2]) else { return nil }
        self.init(origin: String(parts[1]), time: time)
    }

    var description: String { "triggers \(origin) \(time)" }
}
