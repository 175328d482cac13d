import TandemCore
import TandemRows

/// Which table is copied beside the stream, and what is to be said of it.
struct BufferedBackfill {
    /// Its index.
    private(set) var table: Int?
    /// Behind which it joins, once it is copied.
    private(set) var place: LSN?
    private var events: [UInt32: BufferingEvent] = [:]

    /// Whether it is copied and joins behind a place that has not been reached.
    func awaits(behind reached: LSN) -> Bool { place.map { $0 > reached } ?? false }
    /// Whether it is copied and its place is reached.
    func isDue(at reached: LSN) -> Bool { place.map { $0 <= reached } ?? false }
    /// Whether a batch is to be given out for the sake of what it says of the table.
    func hasNews(at reached: LSN) -> Bool { !events.isEmpty || isDue(at: reached) }

    mutating func begin(_ table: Int, _ number: UInt32) {
        (self.table, place) = (table, nil)
        events[number] = .begun
    }

    mutating func join(behind place: LSN) { self.place = place }

    mutating func end(_ number: UInt32, _ event: BufferingEvent?) {
        (table, place) = (nil, nil)
        events[number] = event
    }

    mutating func lose(_ number: UInt32, _ reason: String) { end(number, .lost(reason)) }

    mutating func takeEvents() -> [TableID: BufferingEvent] {
        defer { events = [:] }
        return events.byTable
    }
}

/// Its changes wait in its buffer until it can join, and no batch is full of them.
///
/// Why that is right whatever part of them the copy shows: "How a table joins"
/// in the connector's `DESIGN.md`.
extension FollowedTables {
    /// Buffers what changes in `table` from here on, in place of any other.
    ///
    /// - Parameter byteLimit: Of what is buffered.
    /// - Returns: Its index.
    mutating func buffer(_ table: BufferedTable?, byteLimit: Int) -> Int? {
        if let index = buffered.table {
            giveUp(index, "another is held")
            buffered.end(self[index].schema.oid, nil)
        }
        guard let table else { return nil }
        let index = put(FollowedTable(table, byteLimit: byteLimit))
        buffered.begin(index, table.schema.oid)
        return index
    }

    /// Lets what is buffered of `table` join the others behind `place`.
    mutating func join(_ table: StreamRequest.Table, after place: LSN) {
        // One that has been given up: a batch says so.
        guard let index = buffered.table, self[index].schema.oid == table.schema.oid else { return }
        guard self[index].schema == table.schema else {
            return giveUp(index, "its columns were copied with other types than they have")
        }
        self[index].leaveOut(Set(table.leftOut.map(\.number)))
        buffered.join(behind: place)
    }

    /// Looks after what a change has made of the table that is buffered.
    mutating func limitBuffered(_ table: Int, to limit: Int) {
        if self[table].buffer.hasPartialKeyChange {
            // The copy may show the row under its new key already, with nothing under the old one to take values from.
            giveUp(table, "a row changed its key, and some of its values were not sent")
        }
        guard self[table].buffer.isFull else { return }
        self[table].buffer.compact()
        // Else there would be too little room for it to be worth the while.
        if self[table].buffer.byteCount > limit / 2 { giveUp(table, "too many of its rows have changed") }
    }

    /// Has the table that is buffered join with the batch that is being taken.
    ///
    /// - Throws: What asking the source throws.
    mutating func joinBuffered() throws {
        guard let table = buffered.table else { return }
        try cut(table)
        guard self[table].reason == nil else { return }
        self[table].isHeld = false
        buffered.end(self[table].schema.oid, .joined)
    }
}
