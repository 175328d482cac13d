package import TandemRows

/// What is other than it should be where a table's changes are noted.
package enum TriggerFault: Hashable, Sendable, CustomStringConvertible {
    case notSetUp
    case logGone
    case functionGone
    /// Of an earlier version of this program, or from before the key's columns were renamed or its index made anew.
    case functionOutdated
    /// By somebody else.
    case functionChanged
    case triggerGone(String, on: TableName)
    /// A partition that was made later: its TRUNCATE would not be noted.
    case partUnwatched(TableName)
    case triggerDisabled(String, on: TableName)
    /// Nothing fires for what is replicated to this server.
    ///
    /// - Parameters:
    ///   - isFed: Whether a subscription brings rows now.
    ///   - isMine: Whether the one who asks may mend it.
    case replicaUnnoted(on: TableName, isFed: Bool, isMine: Bool)
    /// The table's key has other columns, or other types, than the log.
    case otherKey
    /// Statement-level triggers do not see all changes any more, as in an inheritance tree, or need not be by row.
    case otherLevel
    /// The table is not listed among those that are captured.
    case unlisted

    /// Whether changes may be missing because of it, so that the table has to be copied again.
    package var losesChanges: Bool {
        switch self {
        case .functionOutdated, .partUnwatched: false
        case .replicaUnnoted(_, let isFed, _): isFed
        default: true
        }
    }

    /// Whether the one who asks may mend it.
    var isMendable: Bool { if case .replicaUnnoted(_, _, let isMine) = self { isMine } else { true } }

    package var description: String {
        switch self {
        case .notSetUp: "nothing notes its changes yet"
        case .logGone: "the table that its changes are noted in is gone, or is another one"
        case .functionGone: "the function that notes its changes is gone"
        case .functionOutdated: "the function that notes its changes is of an earlier version, or from before a rename"
        case .functionChanged: "somebody has changed the function that notes its changes"
        case .triggerGone(let name, let table): "the trigger \"\(name)\" is missing on \(table)"
        case .partUnwatched(let table): "the partition \(table) came later, and nothing would note its TRUNCATE"
        case .triggerDisabled(let name, let table): "the trigger \"\(name)\" is disabled on \(table)"
        case .replicaUnnoted(let table, let isFed, let isMine):
            "nothing notes what "
                + (isFed
                    ? "the subscription writes to \(table)"
                    : "is written to \(table) where session_replication_role is replica, as by a subscription")
                + (isMine ? "" : ": only its owner can have that noted")
        case .otherKey: "its key has other columns or types than when its changes began to be noted"
        case .otherLevel: "it has become, or was, part of an inheritance tree"
        case .unlisted: "it is not listed in \(TriggerNames.captures)"
        }
    }
}
