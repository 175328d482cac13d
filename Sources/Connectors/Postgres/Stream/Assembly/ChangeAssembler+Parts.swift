import TandemRows

/// Which partitions the rows lie in that come under the name of their root.
extension ChangeAssembler {
    /// The server describes a partition before the first of its changes, and directly before that the root whose name
    /// they come under. Where what is described then is something else, no row of the root follows.
    mutating func noteDescription(of relation: StreamRelation) {
        guard let number = relation.table else { return }
        if let root = described, root != number, numbers[root] != nil || numbers[number] != nil {
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

    /// Gives up a table that is followed by itself and changes as a partition of another one, under the name of that:
    /// what it was for a while, between two looks at the catalog.
    mutating func giveUpPart(_ part: UInt32, in transaction: TransactionStart) {
        guard let index = numbers[part], !tables[index].shows(transaction, number: transactionNumber) else { return }
        giveUp(index, "it was a partition of another table for a while, under whose name its changes came")
    }
}
