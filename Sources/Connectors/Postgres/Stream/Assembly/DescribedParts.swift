/// Which partition the next change lies in that comes under the name of its root.
///
/// The server describes a partition before the first of its changes, and
/// directly before that the root whose name they come under. Where what is
/// described then is something else, no row of the root follows.
struct DescribedParts {
    /// The table that was described last, if nothing else has come since.
    private var described: UInt32?
    private var next: (root: UInt32, part: UInt32)?

    mutating func note(_ table: UInt32, isFollowed: (UInt32) -> Bool) {
        if let root = described, root != table, isFollowed(root) || isFollowed(table) {
            next = (root, table)
            described = nil
        } else {
            described = table
        }
    }

    /// - Returns: The partition that a change of `relation` lies in, where it was described directly before.
    mutating func take(under relation: UInt32) -> UInt32? {
        defer { forget() }
        return next.flatMap { $0.root == relation ? $0.part : nil }
    }

    mutating func forget() { (described, next) = (nil, nil) }
}
