import TandemCore
import TandemRows

extension ChangeAssembler: ChangeSink {
    /// How to take in a change of `relation`; `nil` where it is left out.
    @inline(__always)
    mutating func map(of relation: UInt32) throws -> RowMap? {
        guard let transaction = progress.current else { return nil }
        return try router.map(of: relation, in: transaction, &tables)
    }

    mutating func begin(_ start: TransactionStart) {
        guard progress.begin(start) else { return }
        meter.begin()
        tables.repair?.note(start.xid)
        router.forgetDescriptions()
    }

    mutating func commit(_ end: TransactionEnd) throws {
        if !untold.isEmpty { try giveUpUntold() }
        meter.commit(counts: progress.commit(end))
    }

    mutating func relation(_ relation: StreamRelation) { router.describe(relation, tables) }

    mutating func message(_ message: LogicalMessage) {}

    mutating func insert(_ new: TupleImage, into relation: UInt32) throws {
        guard let map = try map(of: relation) else { return }
        guard new.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
        do {
            try tables[map.table].buffer.insert(new.bytes) { start, cells in
                map.fill(cells, from: new, start: start)
            }
        } catch let error as UnusableChange { tables.giveUp(map.table, "the log sent \(error)") }
        count(map.table, bytes: new.bytes.count)
    }

    mutating func update(_ old: OldImage, to new: TupleImage, in relation: UInt32) throws {
        guard let map = try map(of: relation) else { return }
        guard new.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
        do {
            switch old {
            case .unchanged:
                try tables[map.table].buffer.update(new.bytes) { start, _, cells in
                    map.fill(cells, from: new, start: start)
                    return false
                }
            case .key(let image):
                // The old key is one that went.
                tables[map.table].buffer.time = progress.transaction?.start.time
                guard image.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
                try tables[map.table].buffer.update(new.bytes) { start, before, cells in
                    map.fillKey(before, from: image, start: start)
                    map.fill(cells, from: new, start: start)
                    return true
                }
            case .row(let image):
                tables[map.table].buffer.time = progress.transaction?.start.time
                guard image.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
                try tables[map.table].buffer.update(new.bytes) { start, before, cells in
                    map.fill(before, from: image, start: start)
                    map.fill(cells, from: new, start: start)
                    return true
                }
            }
        } catch let error as UnusableChange { tables.giveUp(map.table, "the log sent \(error)") }
        count(map.table, bytes: new.bytes.count)
    }

    mutating func delete(_ old: OldImage, from relation: UInt32) throws {
        guard let map = try map(of: relation) else { return }
        tables[map.table].buffer.time = progress.transaction?.start.time
        let image: TupleImage
        let isKey: Bool
        switch old {
        case .unchanged: throw MalformedMessage.value(of: "old row", in: "Delete")
        case .key(let key): (image, isKey) = (key, true)
        case .row(let row): (image, isKey) = (row, false)
        }
        guard image.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
        do {
            try tables[map.table].buffer.delete(image.bytes) { start, cells in
                if isKey {
                    map.fillKey(cells, from: image, start: start)
                } else {
                    map.fill(cells, from: image, start: start)
                }
            }
        } catch let error as UnusableChange { tables.giveUp(map.table, "the log sent \(error)") }
        count(map.table, bytes: image.bytes.count)
    }

    mutating func truncate(_ relations: [UInt32]) throws {
        router.forgetDescriptions()
        guard let transaction = progress.current else { return }
        for table in try router.emptied(relations, in: transaction, &tables) {
            guard !tables[table].isHeld || !tables[table].keepsDeletions else {
                // Rows of the copy that came after this would be marked as if they had gone with it.
                tables.giveUp(table, "it was emptied, and rows that go are to be marked")
                continue
            }
            tables[table].buffer.time = transaction.start.time
            tables[table].buffer.truncate()
            count(table, bytes: 0)
        }
    }

    @inline(__always)
    private mutating func count(_ table: Int, bytes: Int) {
        if tables[table].isHeld { return tables.limitBuffered(table, to: meter.limits.held) }
        meter.count(bytes: bytes)
        tables.touch(table)
    }

    /// Gives up the tables of which changes were passed over in this transaction.
    private mutating func giveUpUntold() throws {
        defer { untold = [] }
        guard let transaction = progress.current else { return }
        for change in untold {
            let found: [Int]
            if let schema = change.schema {
                let relation = StreamRelation(number: 0, schema: schema, name: change.table, columns: [])
                found = try router.owners.named(relation, in: tables).map { [$0.table] } ?? []
            } else {
                found = tables.indices.filter { tables[$0].schema.name.table.isExactly(change.table) }
            }
            for table in found where !tables[table].shows(transaction) {
                tables.giveUp(table, "for a while the log did not tell which of its rows were updated or deleted")
            }
        }
    }
}
