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
    /// Tables, by number, that were locked, and the earlier snapshot up to which theirs have been read.
    var behind: [UInt32: String] = [:]

    init(snapshot: String, timeline: UInt32 = 0, exported: String? = nil, behind: [UInt32: String] = [:]) {
        self.snapshot = snapshot
        self.timeline = timeline
        self.exported = exported
        self.behind = behind
    }

    /// `nil` for what this program has not written.
    init?(_ checkpoint: Checkpoint) {
        var parts = checkpoint.description.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        var behind: [UInt32: String] = [:]
        if let last = parts.last, last.hasPrefix(Self.mark) {
            for entry in last.dropFirst(Self.mark.count).split(separator: ";") {
                let sides = entry.split(separator: "@", maxSplits: 1).map(String.init)
                guard sides.count == 2, let table = UInt32(sides[0]), SnapshotVisibility(sides[1]) != nil else {
                    return nil
                }
                behind[table] = sides[1]
            }
            parts.removeLast()
        }
        guard (2...3).contains(parts.count), let timeline = UInt32(parts[0]), SnapshotVisibility(parts[1]) != nil else {
            return nil
        }
        self.init(
            snapshot: parts[1],
            timeline: timeline,
            exported: parts.count == 3 ? parts[2] : nil,
            behind: behind
        )
    }

    private static let mark = "behind="

    /// `1 729:731:729`, `1 729:731:729 00000003-0000001B-1`, or `1 729:731:729 behind=16402@720:722:`.
    var description: String {
        let late = behind.sorted { $0.key < $1.key }.map { "\($0.key)@\($0.value)" }.joined(separator: ";")
        return ["\(timeline)", snapshot, exported, late.isEmpty ? nil : Self.mark + late].compactMap(\.self)
            .joined(separator: " ")
    }

    /// What has been read of all tables: the earliest of its snapshots.
    var common: String {
        behind.values.reduce(snapshot) { earliest, other in
            guard let first = SnapshotVisibility(earliest), let second = SnapshotVisibility(other) else { return other }
            return second.isCovered(by: first) ? other : earliest
        }
    }

    /// Up to which snapshot what was noted of `table` has been read.
    func reached(_ table: UInt32) -> String { behind[table] ?? snapshot }
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
