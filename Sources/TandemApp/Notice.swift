package import TandemState

/// Something worth a line that does not change what comes of the work.
package enum Notice: Sendable {
    /// What a connection has to tell in passing.
    case connection(String)
    /// The work waits for somebody else, who is named.
    case waiting(String)
    /// No history of it is kept.
    case noHistory(StateError)
    /// The history of a run ends where it is, why, and what to do, in sentences.
    case historyEnds(String)
    /// Something that was asked for is not done, and why.
    case leftOut(String)
}
