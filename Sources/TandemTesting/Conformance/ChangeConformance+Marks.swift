import TandemCore
import TandemRows

// MARK: Rows that are marked as deleted

extension ChangeConformance {
    /// Changes to a sample table as a stream that keeps deletions brings them.
    private func marking(_ deleted: [(id: Int64, time: Double?)], written: [SampleTable.Row] = []) -> NetChanges {
        var changes = changes(written: written)
        if !deleted.isEmpty { changes.deleted = [DeletedRows(keys(deleted.map(\.id)), times: deleted.map(\.time))] }
        changes.changeCount += deleted.count
        return changes
    }

    func deletedRowsAreMarked() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        let sample = SampleTable(orders, ids: 0..<3000)
        var table = try await publish(sample.schema, sample.batches(), metadataColumns: .deletedAt, in: destination)
        try await table.expectMarks("no row of a new copy is marked", in: destination, of: sync)
        var moved = marking([(30, 7)])
        moved.patched = [patch([(30, row(9000, nil, 30)), (31, row(31, nil, 310))])]
        var emptied = changes(written: [row(1, "again"), row(70_000, "new")], isEmptied: true)
        emptied.emptiedAt = 20.5
        let steps: [(String, NetChanges)] = [
            ("deleted rows stay with their time", marking([(1, 5), (2, 6.25), (70_000, 6.5)])),
            ("a marked row keeps its time", marking([(1, 8), (3, 8)])),
            ("a row that comes back under its key has no mark", marking([(4, 9)], written: [row(1, "back")])),
            ("a row that changes its key leaves a marked one", moved),
            ("a row without a known time is marked nevertheless", marking([])),
            ("TRUNCATE marks all rows", emptied),
            ("an emptied table goes on", marking([(1, 30)], written: [row(2, "two")])),
        ]
        for (index, (promise, changes)) in steps.enumerated() {
            try await apply(changes, to: &table, advancing: state(index), in: destination)
            try await table.expectMarks(promise, in: destination, of: sync)
            guard changes.patched.isEmpty else { continue }
            try await destination.write([target(table, changes)], advancing: state(index), of: sync)
            try await table.expectMarks("marking twice does what marking once does", in: destination, of: sync)
        }
        let unknown = marking([(2, nil)])
        try await destination.write([target(table, unknown)], advancing: state(50), of: sync)
        let known = try await destination.tables(of: sync)[0]
        let left = try await destination.rows(of: known, as: known.schema).pullAll().flatMap { $0 }
        try expect("a row is marked without a time too", left.reduce(0) { $0 + $1.rowCount } == table.rows.count - 1)
        await destination.close()
    }

    func rowsWithoutAKeyAreMarked() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var sample = SampleTable(items, ids: 0..<50)
        sample.schema.identity = []
        sample.rows += sample.rows.prefix(10) + sample.rows.prefix(10)
        var table = try await publish(sample.schema, sample.batches(), metadataColumns: .deletedAt, in: destination)
        func whole(_ rows: [SampleTable.Row]) -> [RowBatch] {
            var part = SampleTable(items, ids: [])
            part.rows = rows
            return part.batches()
        }
        let (one, two) = (sample.rows[1], sample.rows[2])
        var first = NetChanges()
        first.deleted = [DeletedRows(whole([one, two, one])[0], times: [4, 5, 3])]
        var second = NetChanges()
        second.removed = whole([one, two])
        second.written = whole([row(100, "updated"), row(101, nil)])
        second.deleted = [DeletedRows(whole([sample.rows[20], two])[0], times: [6, 7])]
        var third = NetChanges()
        third.isEmptied = true
        third.emptiedAt = 9
        third.written = whole([one])
        for (index, changes) in [first, second, third].enumerated() {
            try await apply(changes, to: &table, advancing: state(index), in: destination)
            try await table.expectMarks("without a key each marks one of those alike", in: destination, of: sync)
        }
        await destination.close()
    }

    func marksOutliveNewCopies() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var sample = SampleTable(orders, ids: 0..<100)
        sample.schema.id = 7
        var table = try await publish(sample.schema, sample.batches(), metadataColumns: .deletedAt, in: destination)
        try await apply(marking([(1, 5), (2, 6), (60, 7)]), to: &table, advancing: state(1), in: destination)
        var again = SampleTable(orders, ids: 50..<120)
        again.schema.id = 7
        again.schema.columns[1].name = "remark"
        var copied = try await publish(again.schema, again.batches(), metadataColumns: .deletedAt, in: destination)
        copied.keepMarks(of: table)
        try await copied.expectMarks("a new copy keeps what is marked or gone", in: destination, of: sync)
        try await apply(
            marking([(70, 8)], written: [row(2, "back")]),
            to: &copied,
            advancing: state(2),
            in: destination
        )
        try await copied.expectMarks("a new copy takes changes", in: destination, of: sync)
        let plain = try await publish(again, in: destination)
        try await plain.expectEqual("a copy that marks nothing has what its source has", in: destination, of: sync)

        var keyless = SampleTable(items, ids: 0..<10)
        keyless.schema.identity = []
        var counted = try await publish(keyless.schema, keyless.batches(), metadataColumns: .deletedAt, in: destination)
        var deletion = NetChanges()
        deletion.deleted = keyless.batches(of: 3).prefix(1).map { DeletedRows($0, times: [1, 2, 3]) }
        try await apply(deletion, to: &counted, advancing: state(3), in: destination)
        let rest = keyless.batches(of: 5)[1]
        var next = try await publish(keyless.schema, [rest], metadataColumns: .deletedAt, in: destination)
        next.keepMarks(of: counted)
        try await next.expectMarks("a new copy without a key keeps what is marked", in: destination, of: sync)
        await destination.close()
    }

    func ownColumnsComeAndGo() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<100), in: destination)
        func follow(_ promise: String, _ target: TargetChanges, at checkpoint: Int) async throws {
            try await destination.write([target], advancing: state(checkpoint), of: sync)
            table.apply(target)
            guard table.copy.metadataColumns.contains(.deletedAt) else {
                return try await table.expectEqual(promise, in: destination, of: sync)
            }
            try await table.expectMarks(promise, in: destination, of: sync)
        }
        let both: MetadataColumns = [.deletedAt, .syncedAt]
        try await follow("marks can be asked for later", evolving(table, by: [.setMetadataColumns(both)]), at: 1)
        let marked = marking([(1, 5), (2, 6)], written: [row(3, "three")])
        try await follow("rows are marked and timed", target(table, marked), at: 2)
        let elsewhere = TableName(schema: "other", table: "Orders")
        let steps: [TargetChanges.Evolution] = [
            .addColumn(column("number", .int64, id: 4), value: .number(7)), .renameTable(to: elsewhere),
        ]
        try await follow("a marked table evolves", evolving(table, by: steps), at: 3)
        try await follow("a moved table is marked", target(table, marking([(4, 7)])), at: 4)
        let count = try await times(of: table, in: destination)
        try expect("what was written has the time of it", count == 4, found: "\(count)")
        try await follow("marks go with what is marked", evolving(table, by: [.setMetadataColumns([])]), at: 5)
        await destination.close()

        let again = try await harness.makeDestination(beside: nil)
        let sample = SampleTable(orders, ids: 0..<100)
        let timed = try await publish(sample.schema, sample.batches(), metadataColumns: .syncedAt, in: again)
        try expect("each row of a copy has its time", try await times(of: timed, in: again) == 100)
        try await timed.expectEqual("the time is no part of the rows", in: again, of: sync)
        await again.close()
    }

    /// How many rows have a time at which they were written.
    private func times(of table: ModelTable, in destination: any Destination) async throws -> Int {
        var copy = table.copy
        copy.metadataColumns = []
        var schema = copy.schema
        schema.columns = [ModelTable.mark]
        schema.columns[0].name = MetadataColumns.syncedAtName
        schema.identity = []
        let batches = try await destination.rows(of: copy, as: schema).pullAll().flatMap { $0 }
        return batches.reduce(0) { sum, batch in sum + (0..<batch.rowCount).count { !batch.columns[0].isNull($0) } }
    }
}
