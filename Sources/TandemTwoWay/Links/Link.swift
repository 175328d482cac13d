package import TandemCore
package import TandemRows

/// Tells a link from every other of its sync.
package typealias LinkID = Int64

/// Two records, one at each side, that are the same thing; or one whose counterpart is not there yet, or no more.
package struct Link: Hashable, Sendable {
    package var id: LinkID
    /// An index into the sync's pairs.
    package var pair: Int
    package var keys: Both<RowKey?>
    /// As ``Record/createdAt``.
    package var created: Both<Int64?>
    /// As ``Record/version``, of what was seen or written last.
    package var versions: Both<String?>
    /// What each side held when the two agreed last, in its own form, by field.
    package var base: Both<[FieldBase]>
    /// Whether one side's record was deleted and the other's is to stay by itself.
    package var isSevered = false
    /// Whether it has open issues.
    package var isHeld = false
    /// Whose values are to stand in the next decision, as somebody has said.
    package var winner: Side?
    /// A write that was begun and of which no answer is known.
    package var intent: Intent?

    package init(id: LinkID, pair: Int, fields: Int, keys: Both<RowKey?>) {
        self.id = id
        self.pair = pair
        self.keys = keys
        created = Both(left: nil, right: nil)
        versions = Both(left: nil, right: nil)
        base = Both { _ in Array(repeating: .none, count: fields) }
    }

    /// Whether anything of it was ever agreed.
    package var hasBase: Bool { base.left.contains { $0 != .none } || base.right.contains { $0 != .none } }

    mutating func forget(_ side: Side) {
        keys[side] = nil
        created[side] = nil
        versions[side] = nil
        base = base.map { Array(repeating: .none, count: $0.count) }
    }
}

/// What a side held in a field when the sides agreed last.
package enum FieldBase: Hashable, Sendable {
    /// Nothing was agreed. Where the other side has a base, this one owes it a write.
    case none
    case hash(UInt64)
    case kept(Value)
}

/// What a write does to a record.
package enum WriteKind: Int, Hashable, Sendable { case create, update, delete }

/// A write that is made durable before it is begun, at a side that keeps no notes.
package struct Intent: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        package var index: Int
        /// What the source of the value held.
        package var source: FieldBase
        /// What the target held; ``FieldBase/none`` in a create.
        package var target: FieldBase
        /// What was sent.
        package var sent: FieldBase
        /// The same for all that the target may make of it.
        package var canonical: UInt64
    }

    package var operation: OperationID
    package var target: Side
    package var kind: WriteKind
    package var fields: [Field]
}
