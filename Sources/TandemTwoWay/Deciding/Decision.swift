import TandemCore
import TandemRows

/// What is to become of a link, as its two records are now.
struct Decision {
    /// One side's record is written at a time; where both are to be, the other one comes next.
    struct Write {
        struct Field {
            var index: Int
            /// As the side takes it.
            var value: Value
            /// What the bases are once it is written, but for the answer's. `nil` for the answer at the target.
            var source: FieldBase
            /// Whether the target's value is to be carried back, as it is not what the source holds.
            var isOwed = false
            var reason: HistoryEntry.Reason
        }

        var kind: WriteKind
        var side: Side
        var fields: [Field] = []
        var reason: HistoryEntry.Reason
        /// What is lost by it.
        var conflicts: [LoggedConflict] = []
    }

    /// With the bases of what is the same on both sides now.
    var link: Link
    var write: Write?
    /// Whether the other side is to be written, too.
    var needsAnother = false
    var issues: [RecordIssue] = []
    /// What has to be linked first.
    var awaited: ParentKey?
    /// Whether nothing is left to link.
    var isOver = false

    init(_ link: Link) { self.link = link }
}

/// A record that another one names, by the key that it has at that side.
struct ParentKey: Hashable, Sendable {
    var side: Side
    var pair: Int
    var key: RowKey
}

/// What a field that names a record comes to.
enum Parent {
    case none
    case linked(LinkID, Both<RowKey?>)
    case missing(ParentKey)
}
