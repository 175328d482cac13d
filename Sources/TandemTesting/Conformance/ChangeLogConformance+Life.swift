import TandemCore
import TandemRows

private struct NotNoted: Error {}

// MARK: A stream's life

extension ChangeLogConformance {
    /// What is written while a table is about to be copied is in the copy, or in the stream, or the table is left.
    func openWritersAreNotMissed() async throws {
        var replica = try await replica()
        let row = SampleTable(orders, ids: 50..<51).rows[0]
        guard let commit = try await harness.openWriter(of: row, to: orders) else { return try await replica.close() }
        let table = try replica.table(orders)
        let left = try await replica.log.awaitWriters(of: [table], limit: .milliseconds(100))
        if left.isEmpty {
            let snapshot = try await replica.source.snapshot(readers: 1)
            let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll().flatMap { $0 }
            let moment = snapshot.moment
            await snapshot.close()
            replica.add(.init(rows), StreamRequest.Table(schema: table.schema, moment: moment))
        }
        try await commit()
        if !left.isEmpty {
            try expectEqual("only what is written to is left", Set(left.keys), [table.schema.id])
            let after = try await replica.log.awaitWriters(of: [table], limit: nil)
            try expect("nobody is waited for who has ended", after.isEmpty, found: "\(after)")
            try await replica.copy(orders)
        }
        try await replica.follow()
        try expectEqual("a transaction that was open is not missed", replica.rows[orders]?[row.id], row)
        try await replica.close()
    }

    func snapshotIsAtAPlaceInTheLog() async throws {
        var history = SampleHistory(samples, seed: seed ^ 2, empties: false)
        var replica = try await replica()
        for _ in 0..<10 { try await harness.commit(history.transaction()) }
        guard let snapshot = try await replica.log.snapshotAtEnd(readers: 1) else { return try await replica.close() }
        let shown = history.tables
        for _ in 0..<10 { try await harness.commit(history.transaction()) }
        guard let place = snapshot.moment.position else {
            throw ConformanceFailure(promise: "a snapshot at the log's end says where that is", found: "no position")
        }
        try await replica.follow(to: place)
        try expectRows("a stream comes exactly to the snapshot's place", replica, shown)
        let table = try replica.table(orders)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll().flatMap { $0 }
        try expectEqual("the snapshot shows what was committed before its place", .init(rows), shown[orders] ?? [:])
        await snapshot.close()
        try await replica.follow()
        try expectRows("a stream goes on behind it", replica, history.tables)
        try await replica.close()
    }

    /// A table is copied while others are followed, with changes before, during and after.
    func tablesAreHeldAndJoin() async throws {
        var history = SampleHistory(samples, seed: seed ^ 3)
        let source = try await harness.makeSource(holding: samples)
        var replica = try await LogReplica(of: [orders, items], from: source, by: method, sync: sync)
        try await replica.copy(orders)
        let stream = try await replica.log.stream(replica.request(to: nil))
        let table = try replica.table(items)
        let held = BufferedTable(schema: table.schema, leftOut: [], keepsDeletions: false)
        if stream.hold(held) {
            try await harness.commit(history.transaction())
            try await receive(.begun, of: table.schema.id, from: stream, &replica)
            // Given up, and begun once more.
            _ = stream.hold(nil)
            try expect("a table that could be held can be held again", stream.hold(held))
            try await harness.commit(history.transaction())
            try await receive(.begun, of: table.schema.id, from: stream, &replica)
            for _ in 0..<5 { try await harness.commit(history.transaction()) }
            let (rows, copy) = try await replica.read(items)
            for _ in 0..<5 { try await harness.commit(history.transaction()) }
            stream.join(copy, after: try await replica.log.end())
            replica.add(rows, copy)
            // Something for the stream to wake up by, of which nothing is left.
            let passing = SampleTable(orders, ids: 900..<901).rows[0]
            try await harness.commit([(orders, .write(passing)), (orders, .delete(passing.id))])
            try await receive(.joined, of: table.schema.id, from: stream, &replica)
            await stream.close()
            try await replica.follow()
            try expectRows("a table joins with what changed while it was held", replica, history.tables)
            for _ in 0..<5 { try await harness.commit(history.transaction()) }
            try await replica.follow()
            try expectRows("a table that has joined is followed", replica, history.tables)
        } else {
            await stream.close()
        }
        try await replica.close()
    }

    private func receive(
        _ word: BufferingEvent,
        of table: TableID,
        from stream: any ChangeStream,
        _ replica: inout LogReplica
    ) async throws {
        for _ in 0..<1000 {
            guard let batch = try await stream.next(isWanted: { true }) else { break }
            replica.apply(batch)
            guard let said = batch.holdings[table] else { continue }
            return try expectEqual("a stream says what becomes of a table that is held", said, word)
        }
        throw ConformanceFailure(promise: "a stream says what becomes of a table that is held", found: "not \(word)")
    }

    func foresightChangesNothing() async throws {
        let source = try await harness.makeSource(holding: samples)
        guard let log = source.changeLog(method) else { return }
        let tables = try await source.catalog().tables.filter { [orders, items].contains($0.schema.name) }
        let request = LogRequest(sync: sync, tables: tables, continuing: nil, maySetUp: true, mayRestart: true)
        do {
            let foreseen = try await log.foresee(request, made: [])
            try expect("a new stream has no gap", foreseen.gap == nil, found: foreseen.gap ?? "")
        } catch let error as any ExplainedError where error.rulesOutMethod {
            // What would have to be set up first keeps it from being followed.
        }
        let status = try await log.status(of: sync, at: nil)
        try expect("looking ahead makes nothing", !status.exists)
        await source.close()
    }

    /// What cannot be noted is not made: nobody would remove it.
    func nothingIsMadeBeforeItIsNoted() async throws {
        let source = try await harness.makeSource(holding: samples)
        guard let log = source.changeLog(method) else { return }
        let tables = try await source.catalog().tables.filter { [orders, items].contains($0.schema.name) }
        let request = LogRequest(sync: sync, tables: tables, continuing: nil, maySetUp: true, mayRestart: true)
        do {
            _ = try await log.prepare(request, ownership: Ownership(known: []) { _, _ in throw NotNoted() })
            throw ConformanceFailure(promise: "what is made is noted", found: "nothing was")
        } catch is NotNoted {}
        try expect("nothing is made before it is noted", try await !log.status(of: sync, at: nil).exists)
        await source.close()
    }

    func missingChangesAreSaid() async throws {
        var replica = try await replica()
        var lost = replica.state
        lost.id += "-of-another"
        var request = LogRequest(sync: sync, tables: replica.catalog, continuing: lost, maySetUp: true)
        let ownership = replica.memory.ownership(of: sync)
        let foreseen = try await replica.log.foresee(request, made: replica.memory.made(of: sync))
        try expect("a gap is foreseen", foreseen.gap != nil)
        let refused = try await replica.log.prepare(request, ownership: ownership)
        try expect("missing changes are said", refused.gap != nil)
        try expectEqual("nothing begins anew where that is not wanted", refused.state.id, lost.id)
        try await write(20..<30, to: orders)
        try await replica.follow()
        try expectEqual("what there is stays as it is", replica.rows[orders]?.count, 30)
        request.mayRestart = true
        let begun = try await replica.log.prepare(request, ownership: replica.memory.ownership(of: sync))
        try expect("that it begins anew is said", begun.gap != nil)
        try expect(
            "a stream that begins anew is another",
            begun.state.id != lost.id && begun.state.id != replica.state.id
        )
        replica.state = begun.state
        for name in [orders, items] { try await replica.copy(name) }
        try await write(30..<40, to: orders)
        try await replica.follow()
        try expectEqual("a stream that begins anew has every change", replica.rows[orders]?.count, 40)
        try await replica.close()
    }

    /// By a stream without an end, which is read meanwhile.
    func aStreamSaysThatItIsUpToDate() async throws {
        var replica = try await replica()
        let stream = try await replica.log.stream(replica.request(to: nil))
        try await write(20..<30, to: orders)
        var isUpToDate = false
        while !isUpToDate || replica.rows[orders]?.count != 30 {
            guard let batch = try await stream.next(isWanted: { true }) else {
                throw ConformanceFailure(promise: "a stream without an end goes on", found: "it ended")
            }
            replica.apply(batch)
            isUpToDate = batch.isUpToDate
        }
        try expect("a stream is being read", try await replica.log.status(of: sync, at: replica.state).isRead)
        await stream.close()
        try await replica.close()
    }

    func waitingEndsWhenItIsCancelled() async throws {
        let replica = try await replica()
        let stream = try await replica.log.stream(replica.request(to: nil))
        try await stream.keepAlive()
        let isCancelled = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    while try await stream.next(isWanted: { true }) != nil {}
                    return false
                } catch { return error is CancellationError }
            }
            group.cancelAll()
            return await group.next() ?? false
        }
        try expect("a stream that is cancelled throws CancellationError", isCancelled)
        await stream.close()
        try await replica.close()
    }

    func whatWasMadeIsRemoved() async throws {
        var replica = try await replica()
        let made = replica.memory.made(of: sync)
        try expect("what is made is told of", !made.isEmpty)
        try expect(
            "a stream that was prepared exists",
            try await replica.log.status(of: sync, at: replica.state).exists
        )
        let record = SourceRecord(sync: sync, made: made, streams: [replica.state])
        try await replica.log.tidy(record)
        try await write(20..<30, to: orders)
        try await replica.follow()
        try expectEqual("what is followed survives tidying", replica.rows[orders]?.count, 30)
        let other = SourceRecord(sync: "another", made: [], streams: [])
        _ = try await replica.source.teardown([other])
        try expect("another's stays", try await replica.log.status(of: sync, at: replica.state).exists)
        let gone = try await replica.source.teardown([record])
        try expect("what is removed is told", !gone.removed.isEmpty)
        try expect("nothing is left of it", try await !replica.log.status(of: sync, at: nil).exists)
        let again = try await replica.source.teardown([record])
        try expectEqual("what is gone is not removed again", again.removed, [])
        await replica.source.close()
    }
}
