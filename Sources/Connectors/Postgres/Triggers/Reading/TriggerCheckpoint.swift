import TandemRows

/// How far the logs that triggers write have been read: the text of a stream's checkpoint.
///
/// All transactions that a snapshot of the source shows have been read, and no other. Transactions that commit late are
/// not in it, and are read when they have.
struct TriggerCheckpoint: Hashable, Sendable, CustomStringConvertible {
    /// As `txid_current_snapshot()` writes it.
    var snapshot: String
    /// The timeline of the server; 0 where it is not known.
    var timeline: UInt32 = 0
    /// The name that the snapshot was exported under, where it is to be read as it is.
    var exported: String?

    init(snapshot: String, timeline: UInt32 = 0, exported: String? = nil) {
        self.snapshot = snapshot
        self.timeline = timeline
        self.exported = exported
    }

    /// `nil` for what this program has not written.
    init?(_ checkpoint: Checkpoint) {
        let parts = checkpoint.description.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), let timeline = UInt32(parts[0]), SnapshotVisibility(parts[1]) != nil else {
            return nil
        }
        self.init(snapshot: parts[1], timeline: timeline, exported: parts.count == 3 ? parts[2] : nil)
    }

    /// `1 729:731:729`, or `1 729:731:729 00000003-0000001B-1`.
    var description: String { ["\(timeline)", snapshot, exported].compactMap(\.self).joined(separator: " ") }
    var checkpoint: Checkpoint { Checkpoint(description) }
    var visibility: SnapshotVisibility? { SnapshotVisibility(snapshot) }
}

extension SnapshotVisibility {
    /// Whether every transaction that this one shows is shown by `later`. Both are of one server.
    func isCovered(by later: SnapshotVisibility) -> Bool {
        guard next <= later.next else { return false }
        let running = Set(running)
        return later.running.allSatisfy { $0 >= next || running.contains($0) }
    }
}
