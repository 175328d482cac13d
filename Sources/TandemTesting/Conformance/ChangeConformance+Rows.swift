import TandemCore
import TandemRows

// MARK: Rows

extension ChangeConformance {
    func rowsComeChangeAndGo() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<5000), in: destination)
        let steps: [(String, NetChanges)] = [
            ("rows are added", changes(written: (5000..<9000).map { row($0, "new \($0)") })),
            (
                "rows are replaced under their key",
                changes(written: (10..<3000).map { row($0, nil, 1) })
            ),
            ("rows are taken away, and a key that is not there is no error", changes(removed: [0, 4999, 70_000])),
            ("a row takes another key", changes(removed: [10], written: [row(1_000_000, "moved")])),
            (
                "two rows exchange their keys",
                changes(removed: [1, 2], written: [row(1, "was 2"), row(2, "was 1")])
            ),
            ("no changes change nothing", changes()),
            ("a table is emptied", changes(isEmptied: true)),
            ("an emptied table takes rows", changes(written: [row(1, "one")])),
            ("a table is emptied first, then written to", changes(written: [row(2, "two")], isEmptied: true)),
        ]
        for (index, (promise, changes)) in steps.enumerated() {
            try await apply(changes, to: &table, advancing: state(index), in: destination)
            try await table.expectEqual(promise, in: destination, of: sync)
            try await destination.write([target(table, changes)], advancing: state(index), of: sync)
            try await table.expectEqual("applying twice does what applying once does", in: destination, of: sync)
        }
        await destination.close()
    }

    func severalColumnsTellRowsApart() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var schema = SampleTable(orders, ids: []).schema
        schema.identity = [2, 1]
        var sample = SampleTable(orders, ids: [])
        sample.rows = [row(1, "a", 1), row(2, "a", 2), row(3, "b", 1), row(4, "", 1)]
        var table = try await publish(schema, sample.batches(), in: destination)
        sample.rows = [row(0, "a", 1), row(0, "b", 2), row(0, "", 1)]
        var changes = changes(written: [row(5, "a", 1), row(6, "ä", 1)])
        changes.removed = sample.batches().map { batch in
            RowBatch(rowCount: batch.rowCount, columns: [batch.columns[2], batch.columns[1]], byteCount: 0)
        }
        try await apply(changes, to: &table, advancing: state(1), in: destination)
        try await table.expectEqual("a key of several columns, in its own order", in: destination, of: sync)
        await destination.close()
    }

    /// Rows under `keys`, each with the row that replaces it; `nil` notes are absent ones.
    func patch(_ patches: [(key: Int64, row: SampleTable.Row)]) -> PartialUpdates {
        var sample = SampleTable(orders, ids: [])
        sample.rows = patches.map(\.row)
        var rows = sample.batches()[0]
        var absent = Bitmap(repeating: false, count: patches.count)
        for (index, patch) in patches.enumerated() where patch.row.note == nil { absent.set(index) }
        rows.columns[1].validity = nil
        rows.columns[1].absent = absent
        return PartialUpdates(keys: keys(patches.map(\.key)), rows: rows)
    }

    func absentValuesStay() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<100), in: destination)
        let patches: [(String, [(key: Int64, row: SampleTable.Row)])] = [
            ("what is absent keeps its value", [(1, row(1, nil, 5)), (7, row(7, nil, 6)), (8, row(8, "sent", 7))]),
            ("what is absent moves with the row's key", [(1, row(201, nil, 5)), (7, row(207, nil, 6))]),
            ("rows that exchange their keys keep what is absent", [(2, row(3, nil, 8)), (3, row(2, nil, 9))]),
        ]
        for (index, (promise, patches)) in patches.enumerated() {
            var changes = changes()
            changes.patched = [patch(patches)]
            try await apply(changes, to: &table, advancing: state(index), in: destination)
            try await table.expectEqual(promise, in: destination, of: sync)
        }
        var mixed = changes(removed: [4, 5, 6, 90], written: [row(4, "takes the place of a patched row")])
        mixed.patched = [patch([(4, row(90, nil, 1))]), patch([(5, row(6, nil, 2)), (9, row(9, "sent", 3))])]
        try await apply(mixed, to: &table, advancing: state(4), in: destination)
        try await table.expectEqual("absent values are read before rows are taken away", in: destination, of: sync)

        var missing = changes()
        missing.patched = [patch([(10, row(10, nil, 1)), (5000, row(5000, nil, 1))])]
        let isRefused = try await isRefused([target(table, missing)], for: orders, in: destination)
        try expect("a changed row that is not there is refused", isRefused)
        try await table.expectEqual("what is refused leaves nothing", in: destination, of: sync)
        await destination.close()
    }
}

// MARK: Rows without a key

extension ChangeConformance {
    private struct Keyless {
        var number: Double?
        var text: String?
        var span: Interval?
    }

    private static var keylessColumns: [ColumnSchema] {
        [
            ColumnSchema(name: "number", type: .float64, nativeType: "double precision", id: 1),
            ColumnSchema(name: "text", type: .text, nativeType: "text", id: 2),
            ColumnSchema(name: "span", type: .interval, nativeType: "interval", id: 3),
        ]
    }

    private func batch(_ rows: [Keyless]) -> RowBatch {
        var validity = (0..<3).map { _ in Bitmap(repeating: true, count: rows.count) }
        let storage = ByteStorage()
        var views: [ByteViews.View] = []
        for (index, row) in rows.enumerated() {
            if row.number == nil { validity[0].clear(index) }
            if row.text == nil { validity[1].clear(index) }
            if row.span == nil { validity[2].clear(index) }
            let start = Array((row.text ?? "").utf8).withUnsafeBytes { storage.append($0) }
            views.append(.init(start: UInt32(start), length: UInt32(row.text?.utf8.count ?? 0)))
        }
        let none = Interval(months: 0, days: 0, microseconds: 0)
        let columns = [
            Column(storage: .float64(rows.map { $0.number ?? 0 }), validity: validity[0]),
            Column(storage: .bytes(ByteViews(views: views, storage: storage)), validity: validity[1]),
            Column(storage: .interval(rows.map { $0.span ?? none }), validity: validity[2]),
        ]
        return RowBatch(rowCount: rows.count, columns: columns, byteCount: rows.count)
    }

    func rowsWithoutAKeyAreCounted() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var random = SeededGenerator(seed: seed)
        func row() -> Keyless {
            let spans: [Interval?] = [
                nil, Interval(months: 1, days: 0, microseconds: 0), Interval(months: 0, days: 30, microseconds: 0),
            ]
            return Keyless(
                number: [nil, 0, -0.0, .nan, .infinity, 1.5].randomElement(using: &random) ?? nil,
                text: [nil, "", "a"].randomElement(using: &random) ?? nil,
                span: spans.randomElement(using: &random) ?? nil
            )
        }
        let schema = TableSchema(name: orders, id: 1, columns: Self.keylessColumns, identity: [])
        var present = (0..<300).map { _ in row() }
        var table = try await publish(schema, [batch(present)], in: destination)
        for step in 0..<6 {
            let count = Int.random(in: 1...80, using: &random)
            present.shuffle(using: &random)
            let removed = Array(present.prefix(count))
            let written = (0..<Int.random(in: 0...80, using: &random)).map { _ in row() }
            present = present.dropFirst(count) + written
            var changes = NetChanges()
            changes.removed = [batch(Array(removed.prefix(count / 2))), batch(Array(removed.dropFirst(count / 2)))]
            changes.removed.removeAll { $0.rowCount == 0 }
            if !written.isEmpty { changes.written = [batch(written)] }
            try await apply(changes, to: &table, advancing: state(step), in: destination)
            try await table.expectEqual(
                "without a key each row that goes takes one of those that are the same to the bit, nulls among them",
                in: destination,
                of: sync,
                ", seed \(seed)"
            )
        }
        await destination.close()
    }
}
