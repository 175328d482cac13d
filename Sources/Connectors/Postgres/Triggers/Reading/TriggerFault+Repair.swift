extension TriggerFault {
    /// Whether it takes a change of the application's own table to mend it.
    var needsTriggers: Bool {
        switch self {
        case .notSetUp, .triggerGone, .triggerDisabled, .otherLevel: true
        // That the table may have such a trigger was said.
        case .partUnwatched: false
        case .replicaUnnoted(_, _, let isMine): !isMine
        case .unlisted, .logGone, .otherKey, .functionGone, .functionOutdated, .functionChanged: false
        }
    }
}
