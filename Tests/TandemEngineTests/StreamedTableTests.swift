import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

@Suite struct StreamedTableTests {
    private let name = TableName(schema: "public", table: "orders")

    private func column(_ name: String, _ id: ColumnID, _ type: ColumnType = .int32) -> ColumnSchema {
        ColumnSchema(name: name, type: type, nativeType: "\(type)", id: id)
    }

    private func schema(_ columns: [ColumnSchema]) -> TableSchema {
        TableSchema(name: name, id: 7, columns: columns, identity: [0])
    }

    private func table(_ columns: [ColumnSchema], targetNames: [String]? = nil) -> StreamedTable {
        let names = targetNames ?? columns.map(\.name)
        var copied = schema(columns)
        for (index, name) in names.enumerated() { copied.columns[index].name = name }
        let plan = TablePlan(
            source: CatalogTable(schema: schema(columns), kind: .table, methods: [:]),
            target: name,
            method: .logBased,
            reason: "a test",
            schema: schema(columns),
            targetNames: names
        )
        let moment = Moment(checkpoint: Checkpoint("1"), origin: "here", time: 0)
        return StreamedTable(plan: plan, copy: SyncedTable(target: name, schema: copied, rows: 0, moment: moment))
    }

    private func stretch(_ columns: [ColumnSchema], missing: [ColumnID: Value] = [:]) -> ChangeBatch.TableChanges {
        .init(schema: schema(columns), missing: missing, changes: NetChanges())
    }

    @Test func theSameColumnsNeedNoStep() throws {
        var table = table([column("id", 1), column("x", 2)], targetNames: ["id", "x_2"])
        let changes = try table.follow(
            stretch([column("id", 1), column("x", 2)]),
            folding: .exact,
            unfit: .text,
            at: 0
        )
        #expect(changes.evolution == [])
        #expect(changes.before == changes.after)
    }

    @Test func aRenamedColumnIsRenamed() throws {
        var table = table([column("id", 1), column("x", 2)])
        let changes = try table.follow(
            stretch([column("id", 1), column("y", 2)]),
            folding: .exact,
            unfit: .text,
            at: 0
        )
        #expect(changes.evolution == [.renameColumn(from: "x", to: "y")])
        #expect(changes.before.schema.columns.map(\.name) == ["id", "x"])
        #expect(changes.after.schema.columns.map(\.name) == ["id", "y"])
        let next = try table.follow(stretch([column("id", 1), column("y", 2)]), folding: .exact, unfit: .text, at: 0)
        #expect(next.evolution == [])
    }

    @Test func anAddedColumnComesWithWhatOldRowsHaveInIt() throws {
        var table = table([column("id", 1)])
        let added = column("x", 2)
        let changes = try table.follow(
            stretch([column("id", 1), added], missing: [2: .number(5)]),
            folding: .exact,
            unfit: .text,
            at: 0
        )
        #expect(changes.evolution == [.addColumn(added, value: .number(5))])
    }

    @Test func aDroppedColumnStaysAtTheDestination() throws {
        var table = table([column("id", 1), column("x", 2)])
        let changes = try table.follow(stretch([column("id", 1)]), folding: .exact, unfit: .text, at: 0)
        #expect(changes.evolution == [.keepColumn("x")])
        #expect(changes.after.schema.columns.map(\.name) == ["id"])
    }

    @Test func columnsMayChangeTheirNamesInATurn() throws {
        var table = table([column("id", 1), column("x", 2)])
        let changes = try table.follow(
            stretch([column("id", 1), column("X", 2)]),
            folding: .caseInsensitive,
            unfit: .text,
            at: 0
        )
        #expect(changes.evolution == [.renameColumn(from: "x", to: "X")])
    }

    @Test(arguments: [false, true]) func aNameThatIsTakenMeansAnotherCopy(isDropped: Bool) {
        var table = table([column("id", 1), column("x", 2)])
        let columns =
            isDropped ? [column("id", 1), column("X", 3)] : [column("id", 1), column("x", 2), column("X", 3)]
        #expect(throws: Recopy.self) {
            try table.follow(stretch(columns), folding: .caseInsensitive, unfit: .text, at: 0)
        }
    }

    @Test func anotherTypeMeansAnotherCopy() {
        var table = table([column("id", 1), column("x", 2)])
        #expect(throws: Recopy.self) {
            try table.follow(stretch([column("id", 1), column("x", 2, .int64)]), folding: .exact, unfit: .text, at: 0)
        }
    }

    /// Where rows are of several moments, what a row keeps is taken from none but itself.
    @Test func aRowThatLeavesItsKeyHasAPatchworkCopiedAgain() throws {
        let columns = [column("id", 1), column("x", 2)]
        for hasMoved in [false, true] {
            var stretch = stretch(columns)
            stretch.changes.hasPartialKeyChange = hasMoved
            var whole = table(columns)
            #expect(throws: Never.self) { try whole.follow(stretch, folding: .exact, unfit: .text, at: 0) }
            var patchwork = table(columns)
            patchwork.copy.spansSnapshots = true
            if hasMoved {
                #expect(throws: Recopy.self) {
                    try patchwork.follow(stretch, folding: .exact, unfit: .text, at: 0)
                }
            } else {
                #expect(throws: Never.self) { try patchwork.follow(stretch, folding: .exact, unfit: .text, at: 0) }
            }
        }
    }
}
