/// Which server sends its log, and how far that has come.
struct SystemIdentity: Hashable, Sendable {
    /// The cluster's identifier: shared by a primary, its standbys, and copies of its files.
    var system: String
    /// Grows with every promotion of a standby and every restore from an archive.
    var timeline: UInt32
    /// The end of the log that is safe on disk.
    var position: LSN
}

extension SystemIdentity {
    /// From the answer to `IDENTIFY_SYSTEM`.
    init(_ answer: QueryRows) throws(MalformedReplication) {
        guard let row = answer.rows.first, row.count >= 3, let system = row[0],
            let timeline = row[1].flatMap({ UInt32($0) }), let position = row[2].flatMap({ LSN($0) })
        else { throw MalformedReplication(what: "an unreadable answer to IDENTIFY_SYSTEM") }
        self.system = system
        self.timeline = timeline
        self.position = position
    }
}
