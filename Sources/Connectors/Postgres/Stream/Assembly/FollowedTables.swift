import TandemCore
import TandemRows

/// The tables whose changes are gathered, each with its buffer, and what was cut off of these for the next batch.
struct FollowedTables {
    private(set) var all: [FollowedTable] = []
    /// Index of the table with this number.
    private(set) var numbers: [UInt32: Int] = [:]
    /// Tables with changes that have not been cut off.
    private(set) var touched: [Int] = []
    private(set) var closed: [ChangeBatch.TableChanges] = []
    /// Tables that are to be copied again, with the reason.
    private(set) var recopies: [UInt32: String] = [:]
    /// How often a table was given up: what is known of relations may be of such a one since.
    private(set) var losses = 0
    /// The table that is copied beside the stream.
    var buffered = BufferedBackfill()
    /// Where the plugin writes NaN and infinities as null.
    var repair: LostNumberRepair?

    init(_ wanted: [StreamRequest.Table]) {
        for table in wanted {
            guard let followed = FollowedTable(table) else {
                recopies[table.schema.oid] = "when it was copied is not known"
                continue
            }
            numbers[table.schema.oid] = all.count
            all.append(followed)
        }
    }

    var indices: Range<Int> { all.indices }

    subscript(index: Int) -> FollowedTable {
        @inline(__always) _read { yield all[index] }
        @inline(__always) _modify { yield &all[index] }
    }

    @inline(__always)
    mutating func touch(_ table: Int) {
        guard !all[table].isTouched else { return }
        all[table].isTouched = true
        touched.append(table)
    }

    /// Takes the place of the table with this number, or stands behind all others.
    mutating func put(_ table: FollowedTable) -> Int {
        let index = numbers[table.schema.oid] ?? all.count
        if index == all.count { all.append(table) } else { all[index] = table }
        numbers[table.schema.oid] = index
        return index
    }

    /// Cuts off what is gathered of all tables but the buffered one.
    ///
    /// - Throws: What asking the source throws.
    mutating func closeAll() throws { for index in touched { try close(index) } }

    /// Cuts off what is gathered of `table`, whose columns are about to change.
    ///
    /// - Throws: What asking the source throws.
    mutating func close(_ table: Int) throws {
        guard all[table].reason == nil, !all[table].isHeld else { return }
        try cut(table)
    }

    /// As ``close(_:)``, of a buffered table as well.
    mutating func cut(_ table: Int) throws {
        do {
            let schema = all[table].schema
            try repair?.restore(&all[table].buffer, of: schema)
            if let stretch = try all[table].takeStretch() { closed.append(stretch) }
        } catch let error as NeedsCopy { giveUp(table, error.reason) }
    }

    /// Brings what a table is by now, without changes.
    mutating func closeShape(of table: Int) { closed.append(all[table].takeShape()) }

    /// Follows `table` no further.
    mutating func giveUp(_ table: Int, _ reason: String) {
        guard all[table].reason == nil else { return }
        let schema = all[table].schema
        all[table].reason = reason
        all[table].buffer = ChangeBuffer(columnCount: schema.columns.count, identity: schema.identity)
        losses += 1
        guard !all[table].isHeld else { return buffered.lose(schema.oid, reason) }
        closed.removeAll { $0.schema.oid == schema.oid }
        recopies[schema.oid] = reason
    }

    /// Whether changes of `table` came that have not been given out.
    func hasGathered(_ table: Int) -> Bool {
        all[table].isTouched || all[table].isHeld || closed.contains { $0.schema.oid == all[table].schema.oid }
    }

    /// Hands over what was cut off.
    mutating func take(into batch: inout ChangeBatch) {
        batch.stretches = closed
        batch.recopies = recopies.byTable
        for table in closed {
            guard let index = numbers[table.schema.oid], all[index].reason == nil else { continue }
            if let tally = all[index].takeTally() { batch.tallies[table.schema.id] = tally }
        }
        (closed, touched) = ([], [])
    }
}
