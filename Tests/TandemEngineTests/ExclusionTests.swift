import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Columns that are kept out stay out, whatever becomes of their names and of the copy.
struct ExclusionTests {
    /// A sync that runs, and the table `public.t` with a column that is kept out: number 2.
    private struct World {
        var table = Sample.followable("public.t", id: 7)
        var sync = SyncConfiguration(name: "s", from: "shop", to: "house")
        var origin: String? = "here"
        var made: [MadeObject] = []
        var copied: [SyncedTable] = []

        init() throws {
            table.schema = Sample.table("public.t", id: 7, columns: ["id", "card", "note"]).schema
            sync.tables = try Self.rules("card*")
        }

        static func rules(_ excluded: String?) throws -> [TableRule] {
            let columns = try excluded.map { ColumnRule.except([try NamePattern($0)]) }
            return [
                TableRule(try TablePattern("*.*")), TableRule(try TablePattern("public.t*"), columns: columns),
            ]
        }

        /// - Returns: The numbers of the columns that are copied; `nil` where the table is not.
        mutating func run() throws -> [ColumnID]? {
            let exclusions = Exclusions(of: sync, in: origin, made: made)
            let plan = Planner(
                sync: sync,
                catalog: Catalog(tables: [table, Sample.followable("public.other", id: 8)]),
                copied: copied,
                folding: .exact,
                exclusions: exclusions
            ).plan()
            guard plan.problems.isEmpty else { return nil }
            made.removeAll { old in (plan.news.made + plan.news.gone).contains(where: old.isSame) }
            made += plan.news.made
            copied = Sample.copies(of: plan)
            return plan.tables.first { $0.schema.id == 7 }?.schema.columns.map(\.id)
        }
    }

    private enum Step: CaseIterable {
        case renameColumn, renameTable, renameOther, reset, renameSync, method, into, select, grant, upgrade
    }

    @Test func noHistoryBringsItIn() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var seen = 0
        for _ in 0..<300 {
            var world = try World()
            #expect(try world.run() == [1, 3])
            var steps: [Step] = []
            for _ in 0..<12 {
                let step = Step.allCases.randomElement(using: &random) ?? .reset
                steps.append(step)
                try take(step, in: &world, &random)
                guard let columns = try world.run() else { continue }
                seen += 1
                #expect(columns == [1, 3], "seed \(seed): \(steps)")
            }
            // It is asked for now, under whatever name.
            world.table.schema.name.table = "t"
            world.sync.tables = try World.rules(nil)
            let isReadable = world.table.omitted.isEmpty
            #expect(try world.run() == (isReadable ? [1, 2, 3] : [1, 3]), "seed \(seed): \(steps)")
            #expect(!world.made.contains { $0.kind == .exclusion && $0.place == world.origin }, "seed \(seed)")
            world.sync.tables = try World.rules("card")
            if isReadable, world.table.schema.columns[1].name == "plain" {
                #expect(try world.run() == [1, 2, 3], "what came in stays: seed \(seed)")
            }
        }
        #expect(seen > 1000)
    }

    private func take(_ step: Step, in world: inout World, _ random: inout SeededGenerator) throws {
        let isReadable = world.table.omitted.isEmpty
        switch step {
        case .renameColumn:
            let name = ["card", "cards", "plain", "a b%20", "%"].randomElement(using: &random) ?? "plain"
            if isReadable { world.table.schema.columns[1].name = name } else { world.table.omitted[0].name = name }
        case .renameTable:
            let name = ["t", "t1", "u", "o p%"].randomElement(using: &random) ?? "u"
            world.table.schema.name.table = name
        case .renameOther:
            let last = world.table.schema.columns.count - 1
            world.table.schema.columns[last].name = ["note", "w"].randomElement(using: &random) ?? "w"
        case .reset: world.copied = []
        case .renameSync:
            world.sync.name += "x"
            for index in world.made.indices { world.made[index].sync = world.sync.name }
        case .method:
            let methods: [MethodChoice] = [.auto, .fixed(.fullTable), .fixed(.logBased)]
            world.sync.method = methods.randomElement(using: &random) ?? .auto
        case .into: world.sync.into = [nil, "a", "b"].randomElement(using: &random) ?? nil
        case .select:
            let rules = try World.rules("card*")
            let none = [TableRule(try TablePattern("*.other"))]
            world.sync.tables = Bool.random(using: &random) ? rules : none
        case .grant:
            if isReadable {
                let column = world.table.schema.columns.remove(at: 1)
                world.table.omitted = [OmittedColumn(name: column.name, id: 2, reason: "No SELECT.")]
            } else {
                let name = world.table.omitted.removeFirst().name
                let type = world.table.schema.columns[0].type
                world.table.schema.columns.insert(
                    ColumnSchema(name: name, type: type, nativeType: "integer", id: 2),
                    at: 1
                )
            }
        case .upgrade:
            // The numbers stay, and so do the names meanwhile.
            guard try world.run() != nil, world.made.contains(where: { $0.place == world.origin }) else { return }
            let known = world.made.compactMap(ExcludedColumn.init).filter { $0.origin == world.origin }
            guard known.allSatisfy({ $0.tableName == world.table.schema.name }) else { return }
            world.origin? += "'"
        }
    }

    /// A number means something within one database only.
    @Test func anotherDatabaseHasNumbersOfItsOwn() throws {
        var world = try World()
        _ = try world.run()
        world.origin = "there"
        world.table.schema.name.table = "u"
        world.table.schema.columns[1].name = "amount"
        #expect(try world.run() == [1, 2, 3])
        world = try World()
        _ = try world.run()
        world.origin = "there"
        world.table.schema.columns[1].name = "amount"
        world.table.schema.columns[2].name = "card"
        #expect(try world.run() == [1, 2])
    }

    /// Nothing tells which of its columns it was.
    @Test func aTableThatIsMadeAnewIsTold() throws {
        var world = try World()
        _ = try world.run()
        world.table = Sample.table("public.t", id: 9, columns: ["id", "plain"])
        let exclusions = Exclusions(of: world.sync, in: world.origin, made: world.made)
        let plan = Planner(
            sync: world.sync,
            catalog: Catalog(tables: [world.table]),
            copied: world.copied,
            folding: .exact,
            exclusions: exclusions
        ).plan()
        #expect(plan.tables[0].schema.columns.map(\.id) == [1, 2])
        #expect(plan.tables[0].notes.contains { $0.contains("kept out") && $0.contains("card") })
    }

    /// Who renames a column that an exclusion names, to something like it, has made no slip of the hand.
    @Test func aRenameIsNoSlip() throws {
        var world = try World()
        world.sync.tables = try World.rules("card")
        _ = try world.run()
        world.table.schema.columns[1].name = "cart"
        world.copied = []
        #expect(try world.run() == [1, 3])
    }
}
