import TandemCore
import TandemRows

// MARK: Tables that are read by a cursor

extension ChangeConformance {
    func mergesMoveNoStream() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<100), in: destination)
        try await destination.write([], advancing: state(1), of: sync)
        let before = table
        let changes = changes(removed: [3, 4], written: [row(5, "changed"), row(200, "new")])
        var target = target(table, changes)
        target.after.cursor = CursorState(columns: [3, 1], last: ["2024-01-01 00:00:00+00", "it's \\ 7"], reads: 2)
        let undone = try await destination.begin(sync, refusedRows: .fail)
        try await undone.apply([target])
        try await before.expectEqual("what is merged is invisible before the end", in: destination, of: sync)
        try expect("and so is its cursor", try await cursor(of: table, in: destination) == nil)
        await undone.rollback()
        try await before.expectEqual("rollback undoes a merge", in: destination, of: sync)

        let merge = try await destination.begin(sync, refusedRows: .fail)
        try await merge.apply([target])
        table.apply(target)
        var more = self.target(table, self.changes(written: [row(201, "newer"), row(200, "newest")]))
        try await merge.apply([more])
        table.apply(more)
        try await merge.commit([], advancing: nil)
        try await table.expectEqual("what is merged is there in the end", in: destination, of: sync)
        try expectEqual("with its cursor", try await cursor(of: table, in: destination), target.after.cursor)
        try expectEqual("no stream was moved", try await destination.stream(of: sync), state(1))
        try await destination.write([more], advancing: nil, of: sync)
        try await table.expectEqual("merging twice changes nothing", in: destination, of: sync)
        more.after.cursor?.last = nil
        try await destination.write([more], advancing: nil, of: sync)
        await destination.close()
        let reopened = try await harness.makeDestination(beside: destination)
        try expectEqual(
            "a cursor outlives closing",
            try await cursor(of: table, in: reopened),
            CursorState(columns: [3, 1], last: nil, reads: 2)
        )
        await reopened.close()
    }

    private func cursor(of table: ModelTable, in destination: any Destination) async throws -> CursorState? {
        try await destination.tables(of: sync).first { $0.target == table.copy.target }?.cursor
    }

    func rowsFromAPlaceOnAreReplaced() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        let schema = TableSchema(
            name: orders,
            columns: [
                ColumnSchema(name: "a", type: .int32, nativeType: "integer", id: 1),
                ColumnSchema(name: "b", type: .int64, nativeType: "bigint", id: 2),
            ],
            identity: []
        )
        let rows: [(Int32?, Int64?)] = [(4, 9), (5, 1), (5, 2), (5, 2), (5, nil), (6, -7), (nil, 0), (10, 0), (4, 9)]
        var table = try await publish(schema, [batch(rows)], in: destination)
        let steps: [(lower: [Value]?, written: [(Int32?, Int64?)], left: [(Int32?, Int64?)])] = [
            (
                [.number(5), .number(2)], [(5, 2), (7, 7), (nil, 1)],
                [(4, 9), (4, 9), (5, 1), (5, 2), (7, 7), (nil, 1)]
            ),
            ([.number(5)], [(8, 8)], [(4, 9), (4, 9), (8, 8)]),
            ([.number(9), .number(0)], [], [(4, 9), (4, 9), (8, 8)]),
            (nil, [(1, 1)], [(1, 1)]),
        ]
        for step in steps {
            var changes = NetChanges()
            changes.isEmptied = step.lower == nil
            changes.removedFrom = step.lower.map { RowBound(columns: [0, 1], lower: $0) }
            changes.written = step.written.isEmpty ? [] : [batch(step.written)]
            for _ in 0..<2 { try await destination.write([target(table, changes)], advancing: nil, of: sync) }
            table = ModelTable(table.copy, [batch(step.left)])
            let promise = "rows without a key are replaced from \(step.lower ?? []) on"
            try await table.expectEqual(promise, in: destination, of: sync)
        }
        await destination.close()
    }

    private func batch(_ rows: [(Int32?, Int64?)]) -> RowBatch {
        func validity(_ isValid: [Bool]) -> Bitmap {
            var bitmap = Bitmap(repeating: true, count: isValid.count)
            for (row, isValid) in isValid.enumerated() where !isValid { bitmap.clear(row) }
            return bitmap
        }
        return RowBatch(
            rowCount: rows.count,
            columns: [
                Column(storage: .int32(rows.map { $0.0 ?? 0 }), validity: validity(rows.map { $0.0 != nil })),
                Column(storage: .int64(rows.map { $0.1 ?? 0 }), validity: validity(rows.map { $0.1 != nil })),
            ],
            byteCount: rows.count * 12
        )
    }
}
