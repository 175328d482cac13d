package import TandemCore
package import TandemRows

/// How the records of two tables are kept in step.
package struct PairRules: Sendable {
    /// What people call it: the names of its tables where they are one, else both.
    package var name: String
    package var shapes: Both<RecordShape>
    /// What is kept in step, in the order of both ``RecordShape/fields``.
    package var fields: [FieldRule]
    /// The fields by which records that are there on both sides find each other: indexes into `fields`. None where no
    /// two ever do.
    package var match: [Int]
    /// The sides at which records are made that only the other one has.
    package var creates: Set<Side>
    package var deletes: DeletePolicy
    package var deleteAgainstUpdate: DeleteAgainstUpdate
    /// What becomes of fields that differ where two records are found to be one.
    package var firstSync: ConflictPolicy

    package init(
        name: String,
        shapes: Both<RecordShape>,
        fields: [FieldRule],
        match: [Int],
        creates: Set<Side> = [.left, .right],
        deletes: DeletePolicy = .hold,
        deleteAgainstUpdate: DeleteAgainstUpdate = .update,
        firstSync: ConflictPolicy = .hold
    ) {
        self.name = name
        self.shapes = shapes
        self.fields = fields
        self.match = match
        self.creates = creates
        self.deletes = deletes
        self.deleteAgainstUpdate = deleteAgainstUpdate
        self.firstSync = firstSync
    }
}

/// One field of a pair.
package struct FieldRule: Sendable {
    /// Its column's name on the left.
    package var name: String
    package var types: Both<ColumnType>
    /// The sides it may be written at.
    package var flows: Set<Side>
    package var conflicts: ConflictPolicy
    /// The pair whose records its values name, each side's by their keys there; `nil` for a value of its own.
    package var references: Int?
    /// Whether what was agreed is kept as it was, and not as a hash.
    package var keepsAgreed: Bool
    /// What values of it may look like and still be the same.
    package var folding: Folding

    package init(
        name: String,
        types: Both<ColumnType>,
        flows: Set<Side> = [.left, .right],
        conflicts: ConflictPolicy = .hold,
        references: Int? = nil,
        keepsAgreed: Bool = false,
        folding: Folding = []
    ) {
        self.name = name
        self.types = types
        self.flows = flows
        self.conflicts = conflicts
        self.references = references
        self.keepsAgreed = keepsAgreed
        self.folding = folding
    }
}

/// What one of the sides makes of text.
package struct Folding: OptionSet, Hashable, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Spaces at either end are lost.
    package static let trims = Folding(rawValue: 1)
    /// Upper and lower case are one.
    package static let foldsCase = Folding(rawValue: 2)
}

/// Whose value stands where both sides have changed one.
package enum ConflictPolicy: Hashable, Sendable {
    case left, right
    /// The one that was changed last, as far as the sides say when that was.
    case latest
    /// Neither: it is an issue until somebody decides.
    case hold
    /// Both changes: the differences to what was agreed are added up.
    case sum
    /// Both changes: what either side has added to a list, without what either has taken away.
    case union
}

/// What becomes of a record whose counterpart was deleted, and which has not changed.
package enum DeletePolicy: String, Hashable, Sendable {
    case propagate, ignore, hold
}

/// What becomes of a record that has changed while its counterpart was deleted.
package enum DeleteAgainstUpdate: String, Hashable, Sendable {
    case update, delete, hold
}
