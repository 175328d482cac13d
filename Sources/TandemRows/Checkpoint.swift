/// How far a source has been read. Only the connector that made it reads it.
public struct Checkpoint: Hashable, Sendable, Codable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
