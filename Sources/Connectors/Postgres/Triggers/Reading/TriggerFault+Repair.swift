extension TriggerFault {
    /// Whether it takes a change of the application's own table to mend it.
    var needsTriggers: Bool {
        switch self {
        // A partition that was made later gets no such trigger with it; that the table may have one was said.
        case .triggerGone(let name, _): name != NoteTrigger.truncate.rawValue
        case .notSetUp, .triggerDisabled, .triggerNotAlways, .otherLevel: true
        case .unlisted, .logGone, .otherKey, .functionGone, .functionOutdated, .functionChanged: false
        }
    }
}
