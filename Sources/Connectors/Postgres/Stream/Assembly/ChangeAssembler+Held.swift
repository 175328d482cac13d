import TandemCore
import TandemRows

/// A table that is copied beside the stream: its changes wait until it can join, and no batch is full of them.
///
/// Why that is right whatever part of them the copy shows: "How a table joins"
/// in the connector's `DESIGN.md`.
extension ChangeAssembler {
    struct Held {
        /// Index of the table.
        let table: Int
        /// Behind which it joins, once it is copied.
        var place: LSN?
    }

    /// Whether the table that is held is copied and joins behind a place that has not been reached.
    var awaitsPlace: Bool { held?.place.map { $0 > reached } ?? false }
    /// Whether a batch is to be given out for the sake of what it says of the table that is held.
    var hasWordOfHeld: Bool { !holdings.isEmpty || held?.place.map { $0 <= reached } ?? false }

    /// Whether the table that is held would join with a batch that is taken now. The next transaction may be one of
    /// those that come in parts, with none of which it can.
    var canJoin: Bool { !isInTransaction && !hasGivenPart && held?.place.map { $0 <= reached } ?? false }

    /// Holds `table` from here on, in place of any other. To be called between two transactions.
    mutating func hold(_ table: BufferedTable?) {
        if let held { drop(held.table) }
        held = nil
        guard let table else { return }
        let followed = FollowedTable(table, byteLimit: limits.held)
        let index = numbers[table.schema.oid] ?? tables.count
        if index == tables.count { tables.append(followed) } else { tables[index] = followed }
        numbers[table.schema.oid] = index
        held = Held(table: index)
        holdings[table.schema.oid] = .begun
        partitioned = nil
        last = nil
        // What was passed over may be one of its parts.
        for (number, route) in routes {
            guard let relation = relations[number] else { continue }
            switch route {
            case .described: break
            case .ignored, .dropped, .shown: routes[number] = .described(relation)
            case .followed(let map): if map.table == index { routes[number] = .described(relation) }
            }
        }
    }

    /// Lets what is held of `table` join the others behind `place`. To be called between two transactions.
    mutating func join(_ table: StreamRequest.Table, after place: LSN) {
        // One that has been given up: a batch says so.
        guard let index = held?.table, tables[index].schema.oid == table.schema.oid else { return }
        guard tables[index].schema == table.schema else {
            return giveUp(index, "its columns were copied with other types than they have")
        }
        tables[index].leaveOut(Set(table.leftOut.map(\.number)))
        held?.place = place
    }

    /// Looks after what a change has made of the table that is held.
    mutating func limitHeld(_ table: Int) {
        if tables[table].buffer.hasPartialKeyChange {
            // The copy may show the row under its new key already, with nothing under the old one to take values from.
            giveUp(table, "a row changed its key, and some of its values were not sent")
        }
        guard tables[table].buffer.isFull else { return }
        tables[table].buffer.compact()
        // Else there would be too little room for it to be worth the while.
        if tables[table].buffer.byteCount > limits.held / 2 { giveUp(table, "too many of its rows have changed") }
    }

    /// Has the table that is held join, where it may, with the batch that is being taken.
    ///
    /// - Throws: What asking the source throws.
    mutating func joinHeld() throws {
        guard canJoin, let held else { return }
        try takeStretch(of: held.table)
        guard tables[held.table].reason == nil else { return }
        tables[held.table].isHeld = false
        holdings[tables[held.table].schema.oid] = .joined
        self.held = nil
    }

    private mutating func drop(_ table: Int) {
        giveUp(table, "another is held")
        holdings[tables[table].schema.oid] = nil
    }
}
