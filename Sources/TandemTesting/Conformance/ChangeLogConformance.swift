public import TandemCore
public import TandemRows

/// What a log's own tests provide so that the suite can run against it.
public protocol ChangeLogHarness: SourceHarness {
    /// Begins a transaction that has written `row` to `table`. `nil` where a transaction is over at once.
    ///
    /// - Returns: What commits it.
    func openWriter(of row: SampleTable.Row, to table: TableName) async throws -> (@Sendable () async throws -> Void)?
}

/// Every promise of ``ChangeLog`` and ``ChangeStream``, kept or not.
public struct ChangeLogConformance<Harness: ChangeLogHarness>: Sendable {
    let harness: Harness
    let method: Method
    let seed: UInt64
    let orders: TableName
    let items: TableName
    let sync = "conformance"
    private let limit: Duration

    /// - Parameters:
    ///   - method: Which of the source's logs.
    ///   - schema: Where the suite's tables are.
    ///   - limit: How long one check may take.
    public init(
        _ harness: Harness,
        by method: Method,
        seed: UInt64,
        schema: String = "public",
        within limit: Duration = .conformance
    ) {
        self.limit = limit
        self.harness = harness
        self.method = method
        self.seed = seed
        orders = TableName(schema: schema, table: "orders")
        items = TableName(schema: schema, table: "items")
    }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        let checks: Checks = [
            "randomHistoryArrives": randomHistoryArrives,
            "transactionsAreWhole": transactionsAreWhole,
            "largeTransactionsComeInParts": largeTransactionsComeInParts,
            "endIsWhereItWas": endIsWhereItWas,
            "whatIsKeptIsReadAgain": whatIsKeptIsReadAgain,
            "whatACopyShowsIsLeftOut": whatACopyShowsIsLeftOut,
            "columnsAreAsAskedFor": columnsAreAsAskedFor,
            "addedColumnsCome": addedColumnsCome,
            "deletionsAreTold": deletionsAreTold,
            "tablesWithoutAKeyAreFollowed": tablesWithoutAKeyAreFollowed,
            "unfitValuesFollowThePolicy": unfitValuesFollowThePolicy,
            "openWritersAreNotMissed": openWritersAreNotMissed,
            "snapshotIsAtAPlaceInTheLog": snapshotIsAtAPlaceInTheLog,
            "tablesAreHeldAndJoin": tablesAreHeldAndJoin,
            "foresightChangesNothing": foresightChangesNothing,
            "nothingIsMadeBeforeItIsNoted": nothingIsMadeBeforeItIsNoted,
            "missingChangesAreSaid": missingChangesAreSaid,
            "aStreamSaysThatItIsUpToDate": aStreamSaysThatItIsUpToDate,
            "waitingEndsWhenItIsCancelled": waitingEndsWhenItIsCancelled,
            "whatWasMadeIsRemoved": whatWasMadeIsRemoved,
        ]
        try await checks.run(within: limit)
    }

    /// Both tables, prepared and copied.
    func replica(_ samples: [SampleTable]? = nil) async throws -> LogReplica {
        let samples = samples ?? self.samples
        let source = try await harness.makeSource(holding: samples)
        let names = samples.map(\.schema.name)
        var replica = try await LogReplica(of: names, from: source, by: method, sync: sync)
        for name in names { try await replica.copy(name) }
        return replica
    }

    var samples: [SampleTable] { [SampleTable(orders, ids: 0..<20), SampleTable(items, ids: 0..<20)] }

    func write(_ rows: Range<Int>, to table: TableName) async throws {
        try await harness.commit(SampleTable(table, ids: rows).rows.map { (table, .write($0)) })
    }

    func expectRows(
        _ promise: String,
        _ replica: LogReplica,
        _ wanted: [TableName: [Int64: SampleTable.Row]],
        _ circumstances: String = ""
    ) throws {
        for (name, rows) in wanted {
            let found = replica.rows[name] ?? [:]
            let keys = Set(found.keys).union(rows.keys).filter { found[$0] != rows[$0] }.sorted()
            try expect(promise, keys.isEmpty, found: "other rows \(keys) of \(name)\(circumstances), seed \(seed)")
        }
    }

    // MARK: Every change, once, in order

    /// Follows random changes, some of them twice, with tables that are copied again in between.
    private func randomHistoryArrives() async throws {
        var history = SampleHistory(samples, seed: seed)
        var replica = try await replica()
        var earlier = replica.state
        for round in 0..<8 {
            for _ in 0..<history.number(1..<12) { try await harness.commit(history.transaction()) }
            if history.number(0..<3) == 0 { try await replica.copy(orders) }
            for _ in 0..<history.number(0..<4) { try await harness.commit(history.transaction()) }
            let isAgain = history.number(0..<3) == 0
            let isConfirmed = history.number(0..<2) == 0
            let start = isAgain ? earlier : replica.state
            try await replica.follow(from: start, confirming: isConfirmed)
            // The source may let go of what lies before a stream that was asked for.
            earlier = isConfirmed ? replica.state : start
            try expectRows(
                "a copy and the stream have every change",
                replica,
                history.tables,
                ", round \(round)\(isAgain ? ", some of it twice" : "")"
            )
            let request = LogRequest(sync: sync, tables: replica.catalog, continuing: replica.state)
            let prepared = try await replica.log.prepare(request, ownership: replica.memory.ownership(of: sync))
            try expectEqual("a stream goes on as the same", prepared.state.id, replica.state.id)
            try expect("what was not confirmed is kept", prepared.gap == nil, found: prepared.gap ?? "")
        }
        try await replica.close()
    }

    private func transactionsAreWhole() async throws {
        var replica = try await replica()
        for id in 20..<40 {
            let row = SampleTable(orders, ids: id..<id + 1).rows[0]
            let gone = SampleChange.delete(Int64(id - 20))
            try await harness.commit([(orders, .write(row)), (orders, gone), (items, .write(row)), (items, gone)])
        }
        let (orders, items) = (orders, items)
        var count = 0
        try await replica.follow { replica, batch in
            count += batch.transactions
            guard batch.state != nil else { return }
            try expectEqual("a transaction comes whole", replica.rows[orders], replica.rows[items])
        }
        try expect("transactions are counted", (1...20).contains(count), found: "\(count)")
        try expectEqual(
            "transactions come in their order",
            replica.rows[orders]?.keys.sorted(),
            (20..<40).map(Int64.init)
        )
        try await replica.close()
    }

    private func endIsWhereItWas() async throws {
        var replica = try await replica()
        let start = replica.state
        try await replica.follow()
        try await write(20..<30, to: orders)
        let end = try await replica.log.end()
        try await write(30..<40, to: orders)
        try await replica.follow(from: start, to: end)
        // What was written behind it may come too.
        try expect("a stream comes to its end", [30, 40].contains(replica.rows[orders]?.count))
        try await replica.follow()
        try expectEqual("what lies behind an end comes later", replica.rows[orders]?.count, 40)
        try await replica.follow()
        try await replica.close()
    }

    private func whatACopyShowsIsLeftOut() async throws {
        var replica = try await replica()
        try await write(20..<30, to: orders)
        try await write(20..<30, to: items)
        try await replica.copy(orders)
        var changed: [TableName: Int] = [:]
        try await replica.follow { _, batch in
            for stretch in batch.stretches { changed[stretch.schema.name, default: 0] += stretch.changes.changeCount }
        }
        try expectEqual("what a copy shows is left out", changed, [items: 10])
        try await replica.close()
    }

    private func columnsAreAsAskedFor() async throws {
        let replica = try await replica()
        let copy = try await replica.read(orders).copy
        var schema = copy.schema
        schema.columns = [schema.columns[2], schema.columns[0]]
        schema.columns[0].type = .text
        schema.identity = [1]
        var request = replica.request(to: nil)
        let note = copy.schema.columns[1].id
        request.tables = [
            StreamRequest.Table(schema: schema, moment: copy.moment, leftOut: [note], newColumns: .only([]))
        ]
        let sample = SampleTable(orders, ids: 20..<25)
        try await harness.commit(sample.rows.map { (orders, .write($0)) })
        request.end = try await replica.log.end()
        var found: [[String?]] = []
        let stream = try await replica.log.stream(request)
        while let batch = try await stream.next(isWanted: { true }) {
            for stretch in batch.stretches {
                try expectEqual("a stretch has the columns asked for", stretch.schema.columns, schema.columns)
                found += stretch.changes.written.flatMap { ModelTable.rows(in: $0, of: schema.columns) }
            }
        }
        await stream.close()
        try expectEqual(
            "rows have the columns asked for, as their types",
            Set(found),
            Set(sample.rows.map { [$0.amount.map { "\($0)" }, "\($0.id)"] })
        )
        try await replica.close()
    }

    private func deletionsAreTold() async throws {
        var replica = try await replica()
        try await replica.copy(orders, keepingDeletions: true)
        let row = SampleTable(orders, ids: 100..<101).rows[0]
        try await harness.commit([(orders, .delete(3)), (orders, .move(4, to: row)), (items, .delete(3))])
        var deleted: [[String?]] = []
        let columns = [replica.copies[orders]?.schema.columns[0], ModelTable.mark].compactMap(\.self)
        try await replica.follow { _, batch in
            for stretch in batch.stretches {
                deleted += stretch.changes.deleted.flatMap { ModelTable.rows(in: $0.rows, of: columns) }
            }
        }
        let keys = deleted.compactMap { $0.first ?? nil }
        try expect("a deletion is told where it is kept", keys.contains("3"), found: "\(keys)")
        try expect("only rows that are gone are told as deleted", Set(keys).isSubset(of: ["3", "4"]), found: "\(keys)")
        try expect("a deletion has its time", deleted.allSatisfy { $0.last != .some(nil) }, found: "\(deleted)")
        try await harness.commit([(orders, .empty), (items, .empty)])
        var times: [TableName: Bool] = [:]
        try await replica.follow { _, batch in
            for stretch in batch.stretches where stretch.changes.isEmptied {
                times[stretch.schema.name] = stretch.changes.emptiedAt != nil
            }
        }
        try expectEqual("that a table was emptied has its time where that is wanted", times[orders], true)
        try expectEqual("an emptied table has no rows", replica.rows[items]?.count, 0)
        try await replica.close()
    }
}
