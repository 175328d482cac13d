import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Plans of syncs that have run before.
struct PlanHistoryTests {
    @Test func aSecondPlanOfTheSameTablesSaysNothingNew() {
        let catalog = [Sample.table("public.a", id: 7, columns: ["id", "ID"]), Sample.table("public.b", id: 8)]
        let first = Sample.plan(catalog)
        let second = Sample.plan(catalog, copied: Sample.copies(of: first))
        #expect(second.tables.map(\.notes) == first.tables.map(\.notes))
        #expect(second.tables.allSatisfy { $0.retires == nil } && second.orphans.isEmpty)
    }

    @Test func aRenamedTableIsKnownAndItsOldCopyRetired() throws {
        let copied = Sample.copies(of: Sample.plan([Sample.table("public.a", id: 7)], into: "house"))
        let plan = Sample.plan([Sample.table("public.b", id: 7)], copied: copied, into: "house")
        let table = try #require(plan.tables.first)
        #expect(table.retires == TableName(schema: "house", table: "a"))
        #expect(table.notes == ["Renamed at the source; it was public.a.", "Its copy house.a is replaced by house.b."])
        #expect(plan.orphans.isEmpty)
    }

    @Test func aRuleThatNamesATableMeansItUnderEveryName() throws {
        let pattern = try TablePattern("a")
        let rules = [TableRule(pattern, columns: .except([try NamePattern("secret")]))]
        func table(_ name: String) -> CatalogTable { Sample.table(name, id: 7, columns: ["id", "n", "secret"]) }
        let first = Sample.copies(of: Sample.plan([table("public.a")], tables: rules))
        // Once when the copy knows it by its former name, and then by its new one.
        var copied = first
        for _ in 0..<2 {
            let plan = Sample.plan([table("public.b")], tables: rules, copied: copied)
            #expect(plan.problems.isEmpty && plan.orphans.isEmpty)
            let renamed = try #require(plan.tables.first)
            #expect(renamed.target == TableName(schema: "public", table: "a") && renamed.retires == nil)
            #expect(renamed.schema.columns.map(\.name) == ["id", "n"])
            #expect(renamed.notes.contains("The configuration calls it public.a, and so is its copy."))
            copied = Sample.copies(of: plan)
        }
        #expect(copied.map(\.schema.name.table) == ["b"])
        // Another table under that name is the one that is meant, and a rule that leaves the new name out holds.
        let other = Sample.plan([table("public.b"), Sample.table("public.a", id: 8)], tables: rules, copied: first)
        #expect(other.tables.map(\.schema.name.table) == ["a"])
        let left = TableRule(try TablePattern("b"), excludes: true)
        let none = Sample.plan([table("public.b"), Sample.table("public.c")], tables: rules + [left], copied: first)
        #expect(none.tables.isEmpty)
        // The user names it anew, and its copy with it.
        let anew = [TableRule(try TablePattern("b"))]
        let plan = Sample.plan([table("public.b")], tables: anew, copied: copied)
        #expect(plan.tables.map(\.target.table) == ["b"])
    }

    @Test func aRenamedTableThatIsNotSelectedIsToldAsSuch() throws {
        let rules = [TableRule(try TablePattern("a*")), TableRule(try TablePattern("c"))]
        let copied = Sample.copies(
            of: Sample.plan([Sample.table("public.a", id: 7), Sample.table("public.c")], tables: rules)
        )
        let plan = Sample.plan(
            [Sample.table("public.b", id: 7), Sample.table("public.c")],
            tables: rules,
            copied: copied
        )
        #expect(plan.problems.isEmpty)
        #expect(
            plan.orphans.map(\.reason) == [
                "Renamed to public.b at the source, which the sync does not select. "
                    + "Its last copy stays until you drop it; then `tandem reset s --table public.a` forgets it."
            ]
        )
    }

    @Test func tablesThatTradeNamesAreNotRetired() {
        let copied = Sample.copies(of: Sample.plan([Sample.table("public.a", id: 7), Sample.table("public.b", id: 8)]))
        let plan = Sample.plan([Sample.table("public.a", id: 8), Sample.table("public.b", id: 7)], copied: copied)
        #expect(plan.tables.allSatisfy { $0.retires == nil } && plan.orphans.isEmpty)
    }

    /// A restored database gives its numbers anew, and may give one to another table.
    @Test func aNumberAloneMakesNoRename() throws {
        let copied = Sample.copies(of: Sample.plan([Sample.table("public.a", id: 7, columns: ["id", "x", "y"])]))
        let plan = Sample.plan([Sample.table("public.b", id: 7, columns: ["key", "value", "y"])], copied: copied)
        #expect(plan.tables.first?.retires == nil)
        #expect(plan.orphans.map(\.reason).first?.hasPrefix("Dropped at the source.") == true)
    }

    @Test func aTableThatIsGoneIsReportedAndDoesNotStopTheOthers() throws {
        let rules = [TableRule(try TablePattern("a")), TableRule(try TablePattern("b"))]
        let copied = Sample.copies(
            of: Sample.plan([Sample.table("public.a"), Sample.table("public.b")], tables: rules)
        )
        let plan = Sample.plan([Sample.table("public.a")], tables: rules, copied: copied)
        #expect(plan.problems.isEmpty && plan.tables.count == 1)
        #expect(
            plan.orphans.map(\.reason) == [
                "Dropped at the source. Its last copy stays until you drop it; then `tandem reset s --table public.b` forgets it."
            ]
        )
    }

    @Test func aTableThatIsNoLongerSelectedIsReported() throws {
        let copied = Sample.copies(of: Sample.plan([Sample.table("public.a"), Sample.table("public.b")]))
        let rules = [TableRule(try TablePattern("b"), excludes: true)]
        let plan = Sample.plan([Sample.table("public.a"), Sample.table("public.b")], tables: rules, copied: copied)
        #expect(
            plan.orphans.map(\.reason).first?.hasPrefix("No longer copied: The sync leaves it out by \"!b\".") == true
        )
    }

    @Test func anotherTargetLeavesTheOldCopyAndSaysSo() {
        let copied = Sample.copies(of: Sample.plan([Sample.table("public.a", id: 7)]))
        let plan = Sample.plan([Sample.table("public.a", id: 7)], copied: copied, into: "house")
        #expect(plan.tables.first?.notes == ["Goes to house.a from now on; the copy at public.a stays as it is."])
        #expect(plan.tables.first?.retires == nil && plan.orphans.isEmpty)
    }

    /// A stream tells of a table's new name before the copy has its own.
    @Test func anotherTargetOfAFollowedTableReplacesTheOldCopy() {
        var copied = Sample.copies(of: Sample.plan([Sample.table("public.a", id: 7)]))
        copied[0].stream = "stream"
        let catalog = [Sample.followable("public.a", id: 7)]
        let plan = Sample.plan(catalog, copied: copied, into: "house")
        #expect(plan.tables.first?.notes.last == "Its copy public.a is replaced by house.a.")
        #expect(plan.tables.first?.retires == TableName(schema: "public", table: "a") && plan.orphans.isEmpty)
        // One that is copied whole from now on leaves it where it is.
        let whole = Sample.plan(catalog, copied: copied, method: .fixed(.fullTable), into: "house")
        #expect(whole.tables.first?.retires == nil)
    }

    @Test func tablesThatAreFollowedAreKnownByTheirNumbersWhateverNamesTheyTrade() throws {
        let names = ["public.a", "public.b", "public.c"]
        var copied = Sample.copies(of: Sample.plan(names.enumerated().map { Sample.table($1, id: TableID($0 + 7)) }))
        for index in copied.indices { copied[index].stream = "stream" }
        // Each takes the name of the next one, and the last one is called otherwise.
        let catalog = ["public.b", "public.c", "public.d"].enumerated().map { number, name in
            Sample.followable(name, id: TableID(number + 7))
        }
        let plan = Sample.plan(catalog, copied: copied)
        #expect(plan.orphans.isEmpty)
        for (table, name) in zip(plan.tables, names) {
            #expect(table.notes.contains("Renamed at the source; it was \(name)."))
        }
        // Where another one's copy is now, nothing is to be retired: that one goes elsewhere.
        #expect(plan.tables.map { $0.retires?.table } == ["a", nil, nil])
    }

    @Test func aTableThatTookAnothersNameLeavesNoCopyBehind() throws {
        let copied = Sample.copies(of: Sample.plan([Sample.table("public.a", id: 7), Sample.table("public.b", id: 8)]))
        let plan = Sample.plan([Sample.table("public.c", id: 7), Sample.table("public.a", id: 8)], copied: copied)
        #expect(plan.orphans.isEmpty)
        let table = try #require(plan.tables.first { $0.schema.name.table == "a" })
        #expect(table.retires == TableName(schema: "public", table: "b"))
        #expect(
            table.notes == ["Renamed at the source; it was public.b.", "Its copy public.b is replaced by public.a."]
        )
    }

    @Test func aRenamedColumnIsKnownByItsNumberAndADroppedOneIsTold() {
        let copied = Sample.copies(of: Sample.plan([Sample.table("public.a", id: 7, columns: ["id", "old", "gone"])]))
        var table = Sample.table("public.a", id: 7, columns: ["id", "new"])
        table.schema.columns[1].id = 2
        let plan = Sample.plan([table], copied: copied)
        #expect(
            plan.tables.first?.notes == [
                "Column old is called new now.", "The copy loses gone: no longer at the source, or not chosen.",
            ]
        )
    }

    /// What `numeric` says holds for columns that are copied from then on.
    @Test func aDecimalStaysWhatItWasCopiedAs() throws {
        let (ten, six) = (ColumnType.decimal(precision: 38, scale: 10), ColumnType.decimal(precision: 38, scale: 6))
        for method in [Method.fullTable, .logBased] {
            var source = Sample.followable("public.a", id: 7)
            source.decimals = [2]
            source.schema.columns[1].type = .text
            func planned(_ type: ColumnType, after copied: [SyncedTable]) throws -> TablePlan {
                let plan = Sample.plan([source], copied: copied, method: .fixed(method), numeric: type)
                return try #require(plan.tables.first)
            }
            for former in [ColumnType.text, ten, six] {
                var copied = Sample.copies(of: Sample.plan([source], method: .fixed(method), numeric: former))
                #expect(copied[0].schema.columns[1].type == former)
                if method == .logBased { copied[0].stream = "one" }
                for now in [ColumnType.text, ten, six] {
                    let table = try planned(now, after: copied)
                    let stays = former == .text || method == .logBased
                    #expect(table.schema.columns.map(\.type) == [.int32, stays ? former : now])
                    #expect(
                        table.notes
                            == (now == former || !stays
                                ? []
                                : [
                                    "Column note stays \(former), as it was copied; `tandem reset s --table public.a` copies it as \(now)."
                                ])
                    )
                }
            }
        }
    }

    @Test func aColumnThatHadToBecomeTextStaysText() throws {
        let catalog = [Sample.table("public.a", id: 7)]
        var copied = Sample.copies(of: Sample.plan(catalog))
        copied[0].schema.columns[1].type = .text
        let table = try #require(Sample.plan(catalog, copied: copied).tables.first)
        #expect(table.schema.columns.map(\.type) == [.int32, .text])
        #expect(table.source.schema.columns.map(\.type) == [.int32, .int32])
        #expect(
            table.notes == [
                "Column note stays text because a value did not fit integer; `tandem reset s --table public.a` tries again."
            ]
        )
        // Under another policy, or with another type at the source, it is tried again.
        #expect(Sample.plan(catalog, copied: copied, unfit: .clamp).tables.first?.schema.columns[1].type == .int32)
        var changed = catalog
        changed[0].schema.columns[1].nativeType = "bigint"
        #expect(Sample.plan(changed, copied: copied).tables.first?.schema.columns[1].type == .int32)
    }
}
