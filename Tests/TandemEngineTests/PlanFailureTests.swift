import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// What has become impossible at the source of a sync that has run before: that table says so, and the others go on.
struct PlanFailureTests {
    private static let both = [Sample.table("public.a", id: 7), Sample.table("public.b", id: 8)]

    /// The first plan refuses what a later one leaves out.
    @Test func aColumnThatIsGoneFailsItsTableOnly() throws {
        let columns = ColumnRule.only([try NamePattern("id"), try NamePattern("note")])
        let rules = [TableRule(try TablePattern("*")), TableRule(try TablePattern("b"), columns: columns)]
        let copied = Sample.copies(of: Sample.plan(Self.both, tables: rules))
        let now = [Self.both[0], Sample.table("public.b", id: 8, columns: ["id"])]
        #expect(Sample.plan(now, tables: rules).problems.count == 1)
        let plan = Sample.plan(now, tables: rules, copied: copied)
        #expect(plan.problems.isEmpty && plan.orphans.isEmpty)
        #expect(plan.tables.map(\.schema.name.table) == ["a"])
        #expect(plan.failures.map(\.table.schema.name.table) == ["b"])
        #expect(plan.failures.first?.failure.message.contains("has no column note") == true)
    }

    @Test(arguments: [true, false]) func aTableThatMayNotBeReadAnyMoreIsNoted(isNamed: Bool) throws {
        let rules = isNamed ? [TableRule(try TablePattern("*")), TableRule(try TablePattern("b"))] : []
        let copied = Sample.copies(of: Sample.plan(Self.both, tables: rules))
        var now = Self.both
        now[1].methods = [.fullTable: .unusable(reason: "The user may not read it.", remedy: Remedy("Grant it."))]
        let plan = Sample.plan(now, tables: rules, copied: copied)
        #expect(plan.problems.isEmpty && plan.skipped.isEmpty && plan.orphans.isEmpty)
        #expect(plan.failures.map(\.failure.message) == ["The user may not read it."])
        #expect(plan.failures.first?.failure.remedy == Remedy("Grant it."))
        // What never was copied is only left out, unless it is named.
        let first = Sample.plan(now, tables: rules)
        #expect(first.failures.isEmpty && first.problems.count == (isNamed ? 1 : 0))
    }

    @Test func aNewTableDoesNotTakeThePlaceOfAnother() {
        let copied = Sample.copies(of: Sample.plan([Self.both[0]]))
        let plan = Sample.plan([Self.both[0], Sample.table("public.A", id: 9)], copied: copied)
        #expect(plan.problems.isEmpty && plan.tables.map(\.schema.name.table) == ["a"])
        #expect(plan.failures.map(\.table.schema.name.table) == ["A"])
    }

    @Test func aRuleThatMatchesNothingAnyMoreIsToldAndTheOthersGoOn() throws {
        let rules = [TableRule(try TablePattern("a")), TableRule(try TablePattern("gone"))]
        let copied = Sample.copies(of: Sample.plan([Self.both[0]]))
        let plan = Sample.plan([Self.both[0]], tables: rules, copied: copied)
        #expect(plan.problems.isEmpty && plan.tables.count == 1)
        #expect(plan.failures.map(\.table.schema.name.table) == ["gone"])
    }

    /// A slip that would copy what was to be left out is refused as ever.
    @Test func anExclusionThatMatchesNothingIsRefusedUnlessItsNeighbourWasCopied() throws {
        let rules = [TableRule(try TablePattern("secret"), excludes: true)]
        let catalog = [Self.both[0], Sample.table("public.secrets", id: 9)]
        let copied = Sample.copies(of: Sample.plan([Self.both[0]]))
        #expect(Sample.plan(catalog, tables: rules, copied: copied).problems.count == 1)
        let all = Sample.copies(of: Sample.plan(catalog))
        #expect(Sample.plan(catalog, tables: rules, copied: all).problems.isEmpty)
    }
}
