import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

struct PlanColumnTests {
    private func plan(_ table: CatalogTable, _ columns: ColumnRule, pattern: String = "*") throws -> SyncPlan {
        Sample.plan([table], tables: [TableRule(try TablePattern(pattern), columns: columns, line: 3)])
    }

    private func patterns(_ names: String...) throws -> [NamePattern] { try names.map { try NamePattern($0) } }

    @Test func chosenColumnsKeepTheSourcesOrderAndTheKey() throws {
        var table = Sample.table("public.a", columns: ["w", "id", "x", "part"])
        table.schema.identity = [3, 1]
        let plan = try plan(table, .only(patterns("part", "id", "w")))
        let chosen = try #require(plan.tables.first)
        #expect(chosen.schema.columns.map(\.name) == ["w", "id", "part"])
        #expect(chosen.schema.columns.map(\.id) == [1, 2, 4])
        #expect(chosen.schema.identity == [2, 1])
        #expect(chosen.notes == ["Left out by the configuration: x."])
    }

    @Test func aKeyThatIsNotWholeIsNone() throws {
        let chosen = try #require(try plan(Sample.table("public.a"), .except(patterns("i?"))).tables.first)
        #expect(chosen.schema.columns.map(\.name) == ["note"])
        #expect(chosen.schema.identity == [])
        #expect(
            chosen.notes == ["Left out by the configuration: id.", "The copy has no key: not all of (id) is copied."]
        )
    }

    @Test func columnsThatCannotBeReadAreTold() throws {
        var table = Sample.table("public.a")
        table.omitted = [OmittedColumn(name: "card", reason: "the user may not read it.", remedy: Remedy("Grant it."))]
        let whole = try #require(Sample.plan([table]).tables.first)
        #expect(whole.notes == ["Column card is left out: the user may not read it. Grant it."])
        let quiet = try plan(table, .except(patterns("card")))
        #expect(quiet.tables.first?.notes == [] && quiet.problems.isEmpty && quiet.notes.isEmpty)
        let asked = try plan(table, .only(patterns("id", "card")))
        #expect(asked.problems.map(\.message) == ["Column card of * cannot be read: the user may not read it."])
    }

    @Test func aColumnThatIsNotThereIsAProblemUnlessItIsMerelyGone() throws {
        let table = Sample.table("public.a", columns: ["id", "card_number"])
        #expect(
            try plan(table, .except(patterns("card_nmber"))).problems.map(\.message) == [
                "* has no column card_nmber; did you mean \"card_number\"?"
            ]
        )
        let gone = try plan(table, .except(patterns("birthday")))
        #expect(gone.problems.isEmpty && gone.notes == ["* has no column birthday, which `columns` leaves out."])
        #expect(
            try plan(table, .only(patterns("id", "birthday"))).problems.map(\.message) == [
                "* has no column birthday; there are card_number, id"
            ]
        )
    }

    @Test func aRuleForManyTablesNeedsToFitOneOfThem() throws {
        let tables = [Sample.table("public.a"), Sample.table("public.b", columns: ["id", "email"])]
        let rule = TableRule(try TablePattern("public.*"), columns: .except(try patterns("email")))
        #expect(Sample.plan(tables, tables: [rule]).problems.isEmpty)
    }

    @Test func nothingLeftIsAProblemButATableWithoutColumnsIsNot() throws {
        #expect(
            try plan(Sample.table("public.a"), .except(patterns("*"))).problems.map(\.message) == [
                "`columns` leaves no column of public.a to copy."
            ]
        )
        let bare = Sample.plan([Sample.table("public.a", columns: [])])
        #expect(bare.problems.isEmpty && bare.tables.first?.targetNames == [])
    }

    @Test func columnsThatTheDestinationTakesForOneAreRenamedAndTold() throws {
        let table = Sample.table("public.a", columns: ["id", "ID", "Id", "id_2", "É", "é"])
        let folded = try #require(Sample.plan([table]).tables.first)
        // Only ASCII letters fold.
        #expect(folded.targetNames == ["id", "ID_3", "Id_4", "id_2", "É", "é"])
        #expect(folded.notes.count == 2)
        #expect(
            folded.notes.first
                == "Column ID becomes ID_3: \"house\" does not tell upper from lower case, and another column has the name."
        )
        #expect(Sample.plan([table], folding: .exact).tables.first?.targetNames == table.schema.columns.map(\.name))
    }

    @Test func noTwoColumnsEverShareAName() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var names: [String] = []
            for _ in 0..<20 {
                let name = ["a", "A", "a_2", "A_2", "a_3", "a_2_2"].randomElement(using: &random).map { name in
                    Bool.random(using: &random) ? name : name + "_\(Int.random(in: 2...4, using: &random))"
                }
                if let name, !names.contains(name) { names.append(name) }
            }
            let targets = Sample.plan([Sample.table("public.t", columns: names)]).tables.first?.targetNames ?? []
            #expect(Set(targets.map { $0.lowercased() }).count == names.count, "seed \(seed)")
        }
    }
}
