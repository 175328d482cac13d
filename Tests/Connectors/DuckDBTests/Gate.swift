import Foundation

/// Where threads wait until it is opened, for good.
// Unchecked because the flag is only touched under the condition's lock.
final class Gate: @unchecked Sendable {
    private let condition = NSCondition()
    private var hasOpened = false

    var isOpen: Bool {
        condition.lock()
        defer { condition.unlock() }
        return hasOpened
    }

    func open() {
        condition.lock()
        defer { condition.unlock() }
        hasOpened = true
        condition.broadcast()
    }

    func wait() {
        condition.lock()
        defer { condition.unlock() }
        while !hasOpened { condition.wait() }
    }
}
