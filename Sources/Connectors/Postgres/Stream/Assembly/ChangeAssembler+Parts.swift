import TandemRows

/// Which partitions the rows lie in that come under the name of their root.
extension ChangeAssembler {
    /// The server describes a partition before the first of its changes, and directly before that the root whose name
    /// they come under. Where what is described then is something else, no row of the root follows.
    mutating func noteDescription(of relation: StreamRelation) {
        guard let number = relation.table else { return }
        if let root = described, root != number, numbers[root] != nil {
            describedPart = (root, number)
            described = nil
        } else {
            described = number
        }
    }

    mutating func forgetDescriptions() {
        described = nil
        describedPart = nil
    }
}
