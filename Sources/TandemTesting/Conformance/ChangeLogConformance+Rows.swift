import TandemCore
import TandemRows

// MARK: Rows of every kind

extension ChangeLogConformance {
    /// Reads a stream of one table to its end, or to where it ends by itself.
    private func stretches(
        of replica: LogReplica,
        _ table: StreamRequest.Table,
        unfit: UnfitPolicy = .text,
        hasEnd: Bool = true
    ) async throws -> (found: [ChangeBatch.TableChanges], batches: [ChangeBatch]) {
        var request = replica.request(to: hasEnd ? try await replica.log.end() : nil)
        request.tables = [table]
        request.unfit = unfit
        let stream = try await replica.log.stream(request)
        var batches: [ChangeBatch] = []
        while let batch = try await stream.next(isWanted: { true }) { batches.append(batch) }
        await stream.close()
        return (batches.flatMap(\.stretches), batches)
    }

    /// Twelve megabytes in one transaction.
    func largeTransactionsComeInParts() async throws {
        var replica = try await replica()
        var rows = SampleTable(orders, ids: 100..<200).rows
        for index in rows.indices { rows[index].note = String(repeating: "\(index % 10)", count: 120_000) }
        let changes = rows.map { (table: orders, change: SampleChange.write($0)) }
        try await harness.commit([(orders, .delete(3)), (items, .delete(3))] + changes + [(items, .delete(4))])
        let end = try await replica.log.end()
        let start = replica.state
        let stream = try await replica.log.stream(replica.request(to: end))
        if let part = try await stream.next(isWanted: { true }), part.state == nil {
            try expect("nothing is said of tables in the middle of a transaction", part.holdings.isEmpty)
            replica.apply(part)
        }
        await stream.close()
        var count = 0
        try await replica.follow(from: start, to: end) { _, batch in count += batch.transactions }
        try expectEqual("a transaction of many parts is one", count, 1)
        var wanted = Dictionary(samples[0].rows.map { ($0.id, $0) }) { first, _ in first }
        wanted[3] = nil
        for row in rows { wanted[row.id] = row }
        try expect("a transaction whose first part has come comes whole again", replica.rows[orders] == wanted)
        let left = Set(samples[1].rows.map(\.id)).subtracting([3, 4])
        try expectEqual("its end comes as well as its start", Set(replica.rows[items]?.keys.map(\.self) ?? []), left)
        try await replica.close()
    }

    /// What is asked to be kept can be read once more, after a stream from a later place.
    func whatIsKeptIsReadAgain() async throws {
        var replica = try await replica()
        let start = replica.state
        try await write(20..<30, to: orders)
        try await replica.follow()
        try await write(30..<40, to: orders)
        try await replica.follow(keeping: start.checkpoint)
        var rows: [TableName: Int] = [:]
        try await replica.follow(from: start) { _, batch in
            for stretch in batch.stretches { rows[stretch.schema.name, default: 0] += stretch.changes.changeCount }
        }
        try expectEqual("what was to be kept comes again", rows, [orders: 20])
        try await replica.close()
    }

    func addedColumnsCome() async throws {
        let replica = try await replica([SampleTable(orders, ids: 0..<5)])
        let copy = try await replica.read(orders).copy
        guard try await harness.addColumn("added", holding: 7, to: orders) else { return try await replica.close() }
        guard let added = try await replica.source.table(orders).schema.columns.last, added.name == "added" else {
            throw ConformanceFailure(promise: "the catalog lists a column that was added", found: "no added")
        }
        var expecting = copy
        expecting.expected = [added.id: added.name]
        let brought = try await stretches(of: replica, expecting).found.last
        try expectEqual("a column that is expected comes without a change", brought?.schema.columns.last?.name, "added")
        try expectEqual("with what rows have in it", brought?.missing[added.id]?.text(as: added.type), "7")
        try await harness.commit([(orders, .write(SampleTable(orders, ids: 20..<21).rows[0]))])
        let found = try await stretches(of: replica, copy).found.last
        try expectEqual("a column that is added comes with a row", found?.schema.columns.map(\.name).last, "added")
        try expectEqual("with what other rows have in it", found?.missing[added.id]?.text(as: added.type), "7")
        let columns = copy.schema.columns + [added]
        let rows = found?.changes.written.flatMap { ModelTable.rows(in: $0, of: columns) }
        try expectEqual("with what the row has in it", rows?.map { $0[3] }, ["7"])
        var leaving = copy
        leaving.leftOut = [added.id]
        var choosing = copy
        choosing.newColumns = .only([])
        for table in [leaving, choosing] {
            let found = try await stretches(of: replica, table).found
            try expect("a column that is left out does not come", found.allSatisfy { $0.schema.columns.count == 3 })
            try expectEqual("a row comes without what is left out", found.last?.changes.written.first?.rowCount, 1)
            try expectEqual("what is left out is said", found.last?.leftOut, [added.id])
        }
        try await replica.close()
    }

    /// Equal rows come as often as they are, and one goes at a time.
    func tablesWithoutAKeyAreFollowed() async throws {
        let sample = SampleTable(orders, ids: (0..<30).map { $0 / 3 }, isKeyed: false)
        let source = try await harness.makeSource(holding: [sample])
        guard case .usable? = try await source.table(orders).methods[method] else { return await source.close() }
        var replica = try await LogReplica(of: [orders], from: source, by: method, sync: sync)
        let copy = try await replica.read(orders).copy
        replica.add([:], copy)
        let stream = try await replica.log.stream(replica.request(to: nil))
        let held = BufferedTable(schema: copy.schema, leftOut: [], keepsDeletions: false)
        try expect("rows that nothing tells apart cannot be held", !stream.hold(held))
        await stream.close()
        var wanted = Self.counts(sample.rows)
        var found = wanted
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5 {
            for _ in 0..<Int.random(in: 1..<5, using: &random) {
                let id = Int.random(in: 0..<12, using: &random)
                let row = SampleTable(orders, ids: id..<id + 1).rows[0]
                let isDeleted = Int.random(in: 0..<3, using: &random) == 0
                wanted[row] = isDeleted ? nil : (wanted[row] ?? 0) + 2
                let change = isDeleted ? [SampleChange.delete(row.id)] : [.write(row), .write(row)]
                try await harness.commit(change.map { (orders, $0) })
            }
            try await replica.follow { _, batch in
                for changes in batch.stretches.map(\.changes) {
                    if changes.isEmptied { found = [:] }
                    for row in SampleTable.rows(in: changes.removed) {
                        let count = found[row] ?? 0
                        found[row] = count > 1 ? count - 1 : nil
                    }
                    for row in SampleTable.rows(in: changes.written) { found[row, default: 0] += 1 }
                }
            }
            try expectEqual("rows without a key come and go one by one, seed \(seed)", found, wanted)
        }
        try await replica.close()
    }

    private static func counts(_ rows: [SampleTable.Row]) -> [SampleTable.Row: Int] {
        rows.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    func unfitValuesFollowThePolicy() async throws {
        guard let source = try await harness.makeSource(holdingUnfit: orders) else { return }
        let replica = try await LogReplica(of: [orders], from: source, by: method, sync: sync)
        let snapshot = try await source.snapshot(readers: 1)
        let schema = try replica.table(orders).schema
        let copy = StreamRequest.Table(schema: schema, moment: snapshot.moment)
        await snapshot.close()
        try await harness.writeUnfit(2, to: orders)
        let (clamped, counted) = try await stretches(of: replica, copy, unfit: .clamp)
        try expectEqual("a row that is clamped comes", clamped.flatMap(\.changes.written).map(\.rowCount), [1])
        let tallies = counted.compactMap { $0.tallies[copy.schema.id] }
        try expectEqual("what was clamped is counted", tallies.map(\.clamped), [[1: 1]])
        let (left, refused) = try await stretches(of: replica, copy, unfit: .issue)
        try expectEqual("a row that does not fit is left out", left.flatMap(\.changes.written).map(\.rowCount), [])
        try expectEqual("a row that is left out is named", left.flatMap(\.refusals).compactMap(\.rowKey).count, 1)
        let refusals = refused.compactMap { $0.tallies[copy.schema.id] }
        try expectEqual("rows that are left out are counted", refusals.map(\.refused), [1])
        let (_, ended) = try await stretches(of: replica, copy, unfit: .text, hasEnd: false)
        let recopies = ended.last.map { Set($0.recopies.keys) }
        try expectEqual("a table with values of other types is to be copied again", recopies, [copy.schema.id])
        let stopped = ended.filter { !$0.recopies.isEmpty }.count
        try expectEqual("a stream ends with what is to be copied again", stopped, 1)
        try await replica.close()
    }
}
