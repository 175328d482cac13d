import TandemRows

extension ChangeAssembler: ChangeSink {
    mutating func begin(_ start: TransactionStart) {
        guard !passesEnd(start) else { return }
        transaction = start
        if repair != nil { gathered.append(start.xid) }
        transactionNumber += 1
        forgetDescriptions()
        hasChanged = false
        // A place that is known to be reached is where a transaction ended.
        isLeftOut = (start.commit != nil || start.end != nil) && start.isCommitted(before: reached)
    }

    mutating func commit(_ end: TransactionEnd) throws {
        if !untold.isEmpty { try giveUpUntold() }
        self.end(end)
    }

    /// Only noted: what is left out may describe a table as it was before it was copied.
    mutating func relation(_ relation: StreamRelation) {
        relations[relation.number] = relation
        routes[relation.number] = .described(relation)
        last = nil
        noteDescription(of: relation)
    }

    mutating func message(_ message: LogicalMessage) {}

    mutating func insert(_ new: TupleImage, into relation: UInt32) throws {
        guard let map = try map(of: relation) else { return }
        guard new.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
        do {
            try tables[map.table].buffer.insert(new.bytes) { start, cells in
                map.fill(cells, from: new, start: start)
            }
        } catch let error as UnusableChange { giveUp(map.table, "the log sent \(error)") }
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
                tables[map.table].buffer.time = transaction?.time
                guard image.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
                try tables[map.table].buffer.update(new.bytes) { start, before, cells in
                    map.fillKey(before, from: image, start: start)
                    map.fill(cells, from: new, start: start)
                    return true
                }
            case .row(let image):
                tables[map.table].buffer.time = transaction?.time
                guard image.cells.count == map.cellCount else { throw MalformedMessage.columnCount }
                try tables[map.table].buffer.update(new.bytes) { start, before, cells in
                    map.fill(before, from: image, start: start)
                    map.fill(cells, from: new, start: start)
                    return true
                }
            }
        } catch let error as UnusableChange { giveUp(map.table, "the log sent \(error)") }
        count(map.table, bytes: new.bytes.count)
    }

    mutating func delete(_ old: OldImage, from relation: UInt32) throws {
        guard let map = try map(of: relation) else { return }
        tables[map.table].buffer.time = transaction?.time
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
        } catch let error as UnusableChange { giveUp(map.table, "the log sent \(error)") }
        count(map.table, bytes: image.bytes.count)
    }

    mutating func truncate(_ relations: [UInt32]) throws {
        forgetDescriptions()
        guard let transaction, !isLeftOut else { return }
        let found = try relations.compactMap { relation in
            let found = try table(of: relation)
            if found == nil { try giveUpOwners(of: relation, in: transaction) }
            return found
        }
        let whole = Set(found.filter { $0.part == nil }.map(\.table))
        let emptied = Set(relations.compactMap { self.relations[$0]?.table })
        for table in Set(found.map(\.table)) where tables[table].reason == nil {
            guard !tables[table].shows(transaction, number: transactionNumber) else { continue }
            // Of a table with partitions these alone are listed.
            guard try whole.contains(table) || emptied.isSuperset(of: catalog.leaves(of: tables[table].schema.oid))
            else {
                giveUp(table, "one of its partitions was truncated")
                continue
            }
            guard !tables[table].isHeld || !tables[table].keepsDeletions else {
                // Rows of the copy that came after this would be marked as if they had gone with it.
                giveUp(table, "it was emptied, and rows that go are to be marked")
                continue
            }
            tables[table].buffer.time = transaction.time
            tables[table].buffer.truncate()
            count(table, bytes: 0)
        }
    }

    @inline(__always)
    private mutating func count(_ table: Int, bytes: Int) {
        if tables[table].isHeld { return limitHeld(table) }
        changeCount += 1
        byteCount += bytes
        hasChanged = true
        if !tables[table].isTouched {
            tables[table].isTouched = true
            touched.append(table)
        }
    }
}
