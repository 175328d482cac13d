/// A stretch of a table's rows that can be read by itself, and as of another moment than the others.
public struct TableSection: Hashable, Sendable, Codable {
    /// Where it lies, as only its source understands. Another text where the table was stored anew since.
    public var place: String
    /// About how much there is of it.
    public var bytes: Int

    public init(place: String, bytes: Int) {
        self.place = place
        self.bytes = bytes
    }
}
