import TandemCore
import TandemRows

// MARK: Tables that change

extension ChangeConformance {
    /// `table` after `steps`, for which the source's columns change as well.
    func evolving(
        _ table: ModelTable,
        by steps: [TargetChanges.Evolution],
        _ changes: NetChanges = NetChanges()
    ) -> TargetChanges {
        var after = table.copy
        for step in steps {
            switch step {
            case .addColumn(let column, _): after.schema.columns.append(column)
            case .renameColumn(let old, let new):
                for index in after.schema.columns.indices where after.schema.columns[index].name == old {
                    after.schema.columns[index].name = new
                }
            case .keepColumn(let name): after.schema.columns.removeAll { $0.name == name }
            case .renameTable(let name): after.target = name
            case .setMetadataColumns(let columns): after.metadataColumns = columns
            }
        }
        return TargetChanges(before: table.copy, after: after, evolution: steps, changes: changes)
    }

    func column(_ name: String, _ type: ColumnType, id: ColumnID) -> ColumnSchema {
        ColumnSchema(name: name, type: type, nativeType: "\(type)", id: id)
    }

    /// Rows of a sample table with one more column, a number.
    private func widened(_ rows: [SampleTable.Row], _ number: Int64) -> NetChanges {
        var changes = changes(removed: rows.map(\.id), written: rows)
        for index in changes.written.indices {
            let numbers = [Int64](repeating: number, count: changes.written[index].rowCount)
            changes.written[index].columns.append(Column(storage: .int64(numbers)))
        }
        return changes
    }

    /// Rows of a sample table without its note.
    private func narrowed(_ rows: [SampleTable.Row]) -> NetChanges {
        var changes = changes(removed: rows.map(\.id), written: rows)
        for index in changes.written.indices { changes.written[index].columns.remove(at: 1) }
        return changes
    }

    func tablesFollowTheirSource() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<3000), in: destination)
        func follow(_ promise: String, _ targets: [TargetChanges], at checkpoint: Int) async throws {
            try await destination.write(targets, advancing: state(checkpoint), of: sync)
            for target in targets { table.apply(target) }
            try await table.expectEqual(promise, in: destination, of: sync)
        }
        let number = column("a \"number\"", .int64, id: 4)
        let added = evolving(table, by: [.addColumn(number, value: .number(-42))], widened([row(5, "five")], 7))
        try await follow("an added column has its value in the rows that are there", [added], at: 1)
        let text = column("text", .text, id: 5)
        let plain = evolving(table, by: [.addColumn(text, value: .null), .renameColumn(from: "text", to: "remark")])
        try await follow("a column is added with nulls, and renamed", [plain], at: 2)
        let quoted = evolving(table, by: [.addColumn(column("quote", .text, id: 6), value: .text("it's; \\ \"so\""))])
        try await follow("a value is text, whatever it holds", [quoted], at: 3)
        let kept = evolving(table, by: [.keepColumn("quote"), .keepColumn("remark"), .keepColumn("a \"number\"")])
        try await follow("a dropped column is no longer the copy's", [kept], at: 4)
        var rest = table
        let first = evolving(rest, by: [.keepColumn("note")], narrowed([row(6, nil, 60), row(3001, nil, 1)]))
        rest.apply(first)
        let renamed = TableName(schema: "shop", table: "Orders of old")
        let second = evolving(rest, by: [.renameColumn(from: "amount", to: "sum"), .renameTable(to: renamed)])
        rest.apply(second)
        let third = evolving(rest, by: [], narrowed([row(7, nil, 70)]))
        try await follow("a table is followed through several shapes in one call", [first, second, third], at: 5)
        let owners = try await destination.owners()
        try expectEqual("a renamed table is known by its new name only", owners, [renamed: sync])
        let elsewhere = evolving(table, by: [.renameTable(to: TableName(schema: "other", table: "orders"))])
        try await follow("a table moves to another schema", [elsewhere], at: 6)
        let more = evolving(table, by: [], narrowed((0..<3000).map { row($0, nil, -1) }))
        try await follow("a moved table takes changes", [more], at: 7)
        await destination.close()
    }

    /// What a destination cannot write so it refuses, and the table is copied again.
    func addedColumnsHaveTheirValues() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<3), in: destination)
        let schema = RandomBatches.schema(orders, of: types)
        var random = RandomBatches(schema, seed: seed, nulls: 0.1, longest: 50)
        let batch = random.batch(rows: 4)
        var refused: [String] = []
        for (index, column) in schema.columns.enumerated().dropFirst() {
            for row in 0..<batch.rowCount {
                let added = self.column("\(column.name) \(row)", column.type, id: ColumnID(1000 * index + row))
                let value = Value(row, of: batch.columns[index])
                let target = evolving(table, by: [.addColumn(added, value: value)])
                do {
                    try await destination.write([target], advancing: state(1000 * index + row), of: sync)
                    table.apply(target)
                } catch is TableMismatch {
                    refused.append("\(column.type)")
                }
            }
        }
        try await table.expectEqual(
            "an added column has its value in the rows that are there, of every type (seed \(seed))",
            in: destination,
            of: sync
        )
        // Not every database has every day, or reads the shortest interval.
        let ranged = ["date", "timestamp", "interval"]
        let others = refused.filter { type in !type.hasSuffix("[][]") && !ranged.contains(where: type.hasPrefix) }
        try expectEqual("only lists of lists are refused, and what is out of range", others, [])
        await destination.close()
    }

    func evolutionIsPartOfTheTransaction() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<3000), in: destination)
        let undone = try await destination.begin(sync, refusedRows: .leaveOut)
        try await undone.apply([target(table, changes(removed: [1, 2], written: [row(1, "changed before")]))])
        let steps: [TargetChanges.Evolution] = [
            .addColumn(column("number", .int64, id: 4), value: .number(1)), .renameColumn(from: "note", to: "remark"),
            .renameTable(to: items),
        ]
        let target = evolving(table, by: steps, widened([row(3, "changed after")], 2))
        try await undone.apply([target])
        await undone.rollback()
        try await table.expectEqual("evolution is undone with the rest", in: destination, of: sync)

        let before = self.target(table, changes(removed: [4], written: [row(5000, "changed before")]))
        let transaction = try await destination.begin(sync, refusedRows: .leaveOut)
        try await transaction.apply([before])
        table.apply(before)
        let evolution = evolving(table, by: steps, widened([row(5000, "changed after")], 3))
        try await transaction.apply([evolution])
        table.apply(evolution)
        let after = self.target(table, widened([row(5, "once more"), row(6000, "new")], 4))
        try await transaction.commit([after], advancing: state(1))
        table.apply(after)
        try await table.expectEqual("a table changes its shape amid a transaction", in: destination, of: sync)
        await destination.close()
    }

    func tablesTradeNames() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var first = try await publish(SampleTable(orders, ids: 0..<300), in: destination)
        var second = try await publish(SampleTable(items, ids: 300..<400), in: destination)
        let onto = evolving(first, by: [.renameTable(to: items)])
        let isRefused = try await isRefused([onto], for: orders, in: destination)
        try expectEqual("a name that another table has is refused", isRefused, true)
        try await first.expectEqual("a refused name leaves all as it was", in: destination, of: sync)

        let aside = TableName(schema: "shop", table: "aside")
        let transaction = try await destination.begin(sync, refusedRows: .leaveOut)
        func move(_ table: inout ModelTable, to name: TableName) async throws {
            let step = evolving(table, by: [.renameTable(to: name)])
            try await transaction.apply([step])
            table.apply(step)
        }
        try await move(&first, to: aside)
        try await move(&second, to: orders)
        try await move(&first, to: items)
        try await transaction.commit([], advancing: state(1))
        try await first.expectEqual("tables trade names in one transaction", in: destination, of: sync)
        try await second.expectEqual("tables trade names in one transaction", in: destination, of: sync)
        try await apply(changes(written: [row(7, "seven")]), to: &first, advancing: state(2), in: destination)
        try await apply(changes(written: [row(7, "another")]), to: &second, advancing: state(3), in: destination)
        try await first.expectEqual("changes find the table that has the name now", in: destination, of: sync)
        try await second.expectEqual("changes find the table that has the name now", in: destination, of: sync)
        await destination.close()
    }
}
