/// Thrown by ``Destination/load(_:into:)``: it can take these rows, but not the way it began. It has prepared for them
/// now, and wants them once more from the start.
///
/// A destination throws it a limited number of times for the same rows.
public struct LoadAgain: Error, Hashable, CustomStringConvertible {
    /// Why, for the user: what follows "reading the table again, because".
    public let description: String

    public init(because description: String) { self.description = description }
}
