import Foundation

/// The processors this program may use.
package enum Processors {
    /// At least two, because a reader waits for the network half of its time.
    package static var count: Int { max(2, ProcessInfo.processInfo.activeProcessorCount) }
}
