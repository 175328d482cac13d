package import TandemRows

/// What is stored of links together, in one transaction of the link store or beside the writes that it tells of.
package struct LinkChanges: Hashable, Sendable {
    /// As they are now, by their numbers.
    package var links: [LinkID: Link] = [:]
    package var removed: Set<LinkID> = []
    /// From where each side's feed is to go on.
    package var cursors: Both<Checkpoint?> = Both(left: nil, right: nil)
    /// What is to be tried again later, by what it is about; `nil` for no more.
    package var marks: [WorkItem: Mark?] = [:]
    /// The open issues of links and of records that have none; an empty list for none.
    package var issues: [WorkItem: [RecordIssue]] = [:]
    package var conflicts: [LoggedConflict] = []
    package var history: [HistoryEntry] = []
    /// Notes up to this one are in here or in what was stored before.
    package var note: Int64?

    package init() {}

    package var isEmpty: Bool { self == LinkChanges() }

    /// As if `later` had been stored behind it.
    package mutating func add(_ later: LinkChanges) {
        for (id, link) in later.links {
            links[id] = link
            removed.remove(id)
        }
        for id in later.removed {
            links[id] = nil
            removed.insert(id)
        }
        for side in Side.allCases { cursors[side] = later.cursors[side] ?? cursors[side] }
        marks.merge(later.marks) { $1 }
        issues.merge(later.issues) { $1 }
        conflicts += later.conflicts
        history += later.history
        note = later.note ?? note
    }
}

/// What work is about.
package enum WorkItem: Hashable, Sendable {
    case link(LinkID)
    /// A record that no link is known of.
    case record(Side, pair: Int, RowKey)
}

/// That something is to be tried again.
package struct Mark: Hashable, Sendable {
    /// Seconds since 1970.
    package var due: Double
    package var attempts: Int
    /// What it waits for, in words.
    package var reason: String

    package init(due: Double, attempts: Int, reason: String) {
        self.due = due
        self.attempts = attempts
        self.reason = reason
    }
}

/// Something that Tandem does not decide or cannot do.
package struct RecordIssue: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable {
        /// Both sides have changed a field.
        case conflict
        /// Two records match, and a field differs.
        case first
        /// One side's record was deleted.
        case deleted
        /// One side's record was deleted, and the other's was changed.
        case deletedAndChanged
        /// Several records match.
        case ambiguous
        /// A record that a field names is not there.
        case missingParent
        /// A field was changed at a side that it does not flow from.
        case notCarried
        /// A value is none that the other side takes.
        case value
        /// A side has refused a write.
        case rejected
    }

    package var kind: Kind
    /// The field's name; `nil` for the record as a whole.
    package var field: String?
    /// The side that does not have what the other one has, where it is one.
    package var side: Side?
    /// One sentence, without values.
    package var cause: String
    /// The side's own word for an error.
    package var code: String?
    /// Seconds since 1970.
    package var since: Double

    package init(
        _ kind: Kind,
        field: String? = nil,
        side: Side? = nil,
        cause: String,
        code: String? = nil,
        since: Double
    ) {
        self.kind = kind
        self.field = field
        self.side = side
        self.cause = cause
        self.code = code
        self.since = since
    }
}

/// A value that was overwritten or deleted although its user had changed it.
package struct LoggedConflict: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// Both sides had changed it.
        case conflict
        /// The sides differed when the two records were found to be one.
        case first
        /// It was deleted with its record.
        case deleted
        /// Its record was deleted on the other side, and is made again.
        case revived
        /// It was written between a look and a write, at a side that cannot tell.
        case overwritten
    }

    package var link: LinkID
    package var pair: Int
    package var kind: Kind
    /// An index into the pair's fields.
    package var field: Int
    /// The side that held the value that is lost.
    package var loser: Side
    /// `nil` where nobody has seen it.
    package var lost: Value?
    package var won: Value?
    /// Seconds since 1970.
    package var time: Double
}

/// A write that was done.
package struct HistoryEntry: Hashable, Sendable {
    package var link: LinkID
    package var pair: Int
    package var kind: WriteKind
    package var side: Side
    /// Indexes into the pair's fields.
    package var fields: [Int]
    package var reason: Reason
    /// Seconds since 1970.
    package var time: Double

    package enum Reason: Int, Hashable, Sendable {
        /// The other side's was changed.
        case changed
        /// Both were, and the policy chose.
        case conflict
        case firstSync
        /// Somebody has decided an issue.
        case resolved
        /// The other side's record is new, or is gone.
        case made, deleted
        /// Deleted there, changed here.
        case revived
    }
}
