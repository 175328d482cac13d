import Glibc
import Synchronization

/// Tells a thread that waits for a server to give up. Any thread may raise it; it is never lowered.
package final class Interruption: Sendable {
    private let raised = Atomic(false)

    package init() {}

    package var isRaised: Bool { raised.load(ordering: .acquiring) }
    package func raise() { raised.store(true, ordering: .releasing) }

    /// - Throws: `CancellationError` once raised.
    package func check() throws {
        if isRaised { throw CancellationError() }
    }

    /// Waits.
    ///
    /// - Throws: `CancellationError` as soon as this is raised.
    package func pause(milliseconds: Int) throws {
        var rest = Int32(clamping: milliseconds)
        while rest > 0 {
            try check()
            poll(nil, 0, min(rest, Self.interval))
            rest -= Self.interval
        }
        try check()
    }

    /// How often a waiting thread looks, in milliseconds.
    package static let interval: Int32 = 100
}
