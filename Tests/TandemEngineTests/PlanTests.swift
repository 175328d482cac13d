import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

struct PlanTests {
    @Test func withoutRulesEveryTableThatCanBeReadIsCopied() {
        var secret = Sample.table("public.secret", id: 3)
        secret.methods[.fullTable] = .unusable(
            reason: "The user may not read it.",
            remedy: Remedy("Grant it.", sql: ["GRANT"])
        )
        let plan = Sample.plan([Sample.table("public.b"), secret, Sample.table("sales.a")])
        #expect(plan.tables.map(\.schema.name.description) == ["public.b", "sales.a"])
        #expect(plan.tables.map(\.target.description) == ["public.b", "sales.a"])
        #expect(plan.tables.allSatisfy { $0.method == .fullTable && $0.reason.hasPrefix("auto takes it") })
        #expect(
            plan.skipped == [
                SkippedTable(
                    name: secret.schema.name,
                    reason: "The user may not read it.",
                    remedy: Remedy("Grant it.", sql: ["GRANT"]),
                    isSelected: true
                )
            ]
        )
        #expect(plan.leftOutNotes == ["public.secret: Left out: The user may not read it."])
        #expect(plan.refusal == nil)
    }

    @Test func laterRulesReplaceEarlierOnes() throws {
        let catalog = ["public.a", "public.audit_1", "public.audit_2", "sales.b"].map { Sample.table($0) }
        let rules = try [
            TableRule(TablePattern("public.*")), TableRule(TablePattern("audit_*"), excludes: true),
            TableRule(TablePattern("audit_2"), target: TargetRule(table: "kept")),
        ]
        let plan = Sample.plan(catalog, tables: rules, into: "house")
        #expect(plan.tables.map(\.target.description) == ["house.a", "house.kept"])
        #expect(
            plan.skipped.map { "\($0.name): \($0.reason)" } == [
                "public.audit_1: The sync leaves it out by \"!audit_*\".",
                "sales.b: No pattern of the sync matches it.",
            ]
        )
    }

    @Test func aListThatBeginsWithAnExclusionBeginsWithEverything() throws {
        let catalog = ["public.a", "sales.b"].map { Sample.table($0) }
        let plan = Sample.plan(catalog, tables: [TableRule(try TablePattern("sales.*"), excludes: true)])
        #expect(plan.tables.map(\.target.description) == ["public.a"])
    }

    @Test func whatANamedTableLacksIsAProblem() throws {
        var secret = Sample.table("public.secret")
        secret.methods[.fullTable] = .unusable(reason: "The user may not read it.", remedy: Remedy("Grant it."))
        let plan = Sample.plan([secret], tables: [TableRule(try TablePattern("secret"), line: 9)])
        #expect(
            plan.problems == [
                PlanProblem(
                    line: 9,
                    message: "public.secret cannot be copied: The user may not read it.",
                    remedy: Remedy("Grant it.")
                )
            ]
        )
        #expect(plan.refusal?.description == "sync s: public.secret cannot be copied: The user may not read it.")
    }

    @Test func whatTakesASetupIsTakenOnceThatIsDone() {
        var table = Sample.table("public.a")
        table.methods[.logBased] = .unusable(reason: "No rights.", remedy: Remedy("Grant them."))
        table.methods[.triggerBased] = .needsSetup(reason: "No triggers.", remedy: Remedy("Set it up."))
        let before = Sample.plan([table])
        #expect(before.tables.map(\.method) == [.fullTable])
        #expect(
            before.tables.first?.reason.hasSuffix(" Not LOG_BASED: No rights. Not TRIGGER_BASED: No triggers.") == true
        )
        let asked = Sample.plan([table], method: .fixed(.triggerBased))
        #expect(asked.skipped.map(\.reason) == ["No triggers."])
        #expect(asked.skipped.map(\.remedy) == [Remedy("Set it up.")])
        #expect(Sample.plan([table], autoSetup: true).tables.map(\.method) == [.triggerBased])
        table.methods[.triggerBased] = .usable(note: nil)
        #expect(Sample.plan([table]).tables.map(\.method) == [.triggerBased])
        #expect(
            Sample.plan([Sample.table("public.a")], method: .fixed(.fullTable)).tables.first?.reason
                == "The configuration asks for it."
        )
    }

    @Test func patternsThatMatchNothingAreProblemsWithWhatWasMeant() throws {
        let catalog = ["public.orders", "sales.invoices"].map { Sample.table($0) }
        let cases = [
            ("ordres", "No table matches ordres; did you mean public.orders?"),
            ("Orders", "No table matches Orders; did you mean public.orders?"),
            ("invoices", "No table matches invoices; did you mean sales.invoices?"),
            ("slaes.*", "No table matches slaes.*; did you mean sales.*?"),
            ("sales.x*", "No table matches sales.x*."),
            ("elsewhere", "No table matches elsewhere."),
        ]
        for (pattern, message) in cases {
            let rules = try [TableRule(TablePattern("*")), TableRule(TablePattern(pattern), line: 4)]
            let plan = Sample.plan(catalog, tables: rules)
            #expect(plan.problems.map(\.message) == [message])
            #expect(plan.problems.first?.line == 4)
        }
    }

    @Test func anExclusionThatMatchesNothingIsAProblemIfItLooksLikeASlip() throws {
        let catalog = [Sample.table("public.secrets"), Sample.table("public.a")]
        let slip = Sample.plan(catalog, tables: [TableRule(try TablePattern("secret"), excludes: true)])
        #expect(
            slip.problems.map(\.message) == [
                "No table matches !secret, which leaves none out; did you mean public.secrets?"
            ]
        )
        let gone = Sample.plan(catalog, tables: [TableRule(try TablePattern("audit_*"), excludes: true)])
        #expect(gone.problems.isEmpty)
        #expect(gone.notes == ["No table matches !audit_*, which leaves none out."])
    }

    @Test func anEmptyDatabaseIsAProblem() {
        #expect(
            Sample.plan([]).problems.map(\.message) == [
                "There is no table to copy: \"shop\" has none that is selected and can be read."
            ]
        )
    }

    @Test func softDeletesNeedAMethodThatSeesThem() {
        let plan = Sample.plan([Sample.table("public.a"), Sample.table("public.b")], deletes: .soft)
        #expect(plan.problems.count == 1)
        #expect(plan.problems.first?.message.hasPrefix("`deletes: soft` does not go with FULL_TABLE") == true)
        #expect(plan.problems.first?.message.hasSuffix(": public.a, public.b.") == true)
    }

    @Test func softDeletesAddAColumnWhichTheSourceMustNotHave() {
        var table = Sample.table("public.a")
        table.methods[.logBased] = .usable(note: nil)
        let plan = Sample.plan([table], deletes: .soft)
        #expect(plan.problems.isEmpty)
        #expect(plan.tables.map(\.metadataColumns) == [.deletedAt])
        #expect(plan.notes == ["Deleted rows stay, with the time in _tandem_deleted_at."])
        table.schema.columns.append(ColumnSchema(name: "_tandem_deleted_at", type: .text, nativeType: "text", id: 9))
        let message = "Column _tandem_deleted_at of public.a has the name of one that Tandem adds to its copy."
        #expect(Sample.plan([table], deletes: .soft).problems.map(\.message) == [message])
        #expect(Sample.plan([table]).problems.isEmpty)
    }

    @Test func twoTablesForOneTargetAreAProblem() {
        let catalog = ["public.orders", "sales.orders", "sales.Orders"].map { Sample.table($0) }
        let exact = Sample.plan(catalog, into: "house", folding: .exact)
        #expect(exact.problems.map(\.message) == ["public.orders and sales.orders would both become house.orders."])
        #expect(exact.problems.first?.remedy?.text.contains("{name: sales.orders, target: …}") == true)
        let folded = Sample.plan(catalog, folding: .caseInsensitive)
        #expect(
            folded.problems.map(\.message) == [
                "sales.Orders and sales.orders would both become sales.Orders, because \"house\" does not tell upper from lower case."
            ]
        )
    }

    /// What a remedy says can be pasted.
    @Test func namesInRemediesAreWrittenAsTheConfigurationTakesThem() throws {
        let odd = TableName(schema: "that's", table: "Gift.Cards \"♥\"*")
        var table = Sample.table("x.y")
        table.schema.name = odd
        let target = TargetRule(schema: "a", table: "b")
        let rules = [
            TableRule(try TablePattern("p"), target: target), TableRule(try TablePattern("*.Gift*"), target: target),
        ]
        let problem = try #require(Sample.plan([Sample.table("public.p"), table], tables: rules).problems.first)
        let text = try #require(problem.remedy?.text.firstMatch(of: /{name: (.*), target/)?.1)
        let written = try Sample.load(
            """
            connections: {a: {type: postgres}, b: {type: postgres}}
            syncs: {s: {from: a, to: b, tables: [{name: \(text)}]}}
            """
        )
        #expect(written.sync("s")?.tables.first?.pattern.literal == odd)
        let copied = Sample.copies(of: Sample.plan([table, Sample.table("public.p")]))
        let gone = Sample.plan([Sample.table("public.p")], copied: copied)
        #expect(gone.orphans.first?.reason.contains(#"--table 'that'\''s.Gift.Cards "♥"*'` forgets"#) == true)
    }

    @Test func namesThatTandemKeepsForItselfAreRefused() throws {
        let plan = Sample.plan([Sample.table("public.a")], into: "Tandem")
        #expect(
            plan.problems.map(\.message).first?.hasPrefix("public.a cannot go to Tandem.a: the schema tandem") == true
        )
        let rule = TableRule(try TablePattern("a"), target: TargetRule(table: "_TANDEM_load_1"))
        #expect(Sample.plan([Sample.table("public.a")], tables: [rule]).problems.count == 1)
        // What nobody asked for by name is only left out.
        let own = Sample.plan([Sample.table("public.a"), Sample.table("tandem.changes")])
        #expect(own.problems.isEmpty)
        #expect(own.skipped.map(\.name.description) == ["tandem.changes"])
    }

    @Test func aPlanTellsItselfAsJSON() throws {
        var table = Sample.table("public.a", columns: ["id", "ID"])
        table.estimatedRows = 7
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let plan = Sample.plan([table, Sample.table("x.y")], tables: [TableRule(try TablePattern("a"))])
        let json = String(decoding: try encoder.encode(plan), as: UTF8.self)
        #expect(json.contains(#""schema":"public","table":"a","target_schema":"public","target_table":"a""#))
        #expect(json.contains(#"{"name":"ID","native_type":"integer","target":"ID_2","type":"int32"}"#))
        #expect(json.contains(#""estimated_rows":7"#) && json.contains(#""method":"FULL_TABLE""#))
        #expect(
            json.contains(
                #""left_out":[{"reason":"No pattern of the sync matches it.","schema":"x","table":"y"}]"#
            )
        )
    }

    /// Nothing may grow with the square of the tables.
    @Test(.timeLimit(.minutes(5))) func tenThousandTablesArePlanned() throws {
        let catalog = (0..<10_000).map { Sample.table("s.t\($0)", id: TableID($0 + 1)) }
        let rules =
            try [TableRule(TablePattern("s.*"))]
            + (0..<100).map { TableRule(try TablePattern("s.t\($0)"), columns: .except([try NamePattern("note")])) }
        let first = Sample.plan(catalog, tables: rules)
        let second = Sample.plan(Array(catalog.dropFirst(5000)), tables: [rules[0]], copied: Sample.copies(of: first))
        #expect(first.tables.count == 10_000 && first.problems.isEmpty)
        #expect(second.tables.count == 5000 && second.orphans.count == 5000)
    }

    @Test func theSameInputGivesTheSamePlan() throws {
        let catalog = (0..<50).map { Sample.table("s\($0 % 7).t\($0 % 5)") }
        let first = Sample.plan(catalog, into: "x")
        for _ in 0..<5 { #expect(Sample.plan(catalog.shuffled(), into: "x").problems == first.problems) }
    }
}

extension Sample {
    /// A table with a key `id` (column 1) and whatever else, all integers; columns are numbered from one.
    static func table(_ name: String, id: TableID? = nil, columns: [String] = ["id", "note"]) -> CatalogTable {
        let parts = name.split(separator: ".").map(String.init)
        return CatalogTable(
            schema: TableSchema(
                name: TableName(schema: parts[0], table: parts[1]),
                id: id,
                columns: columns.enumerated().map {
                    .init(name: $1, type: .int32, nativeType: "integer", id: ColumnID($0 + 1))
                },
                identity: columns.isEmpty ? [] : [0]
            ),
            kind: .table,
            methods: [.fullTable: .usable(note: nil)]
        )
    }

    /// The same, which the log can be read of.
    static func followable(_ name: String, id: TableID) -> CatalogTable {
        var table = table(name, id: id)
        table.methods[.logBased] = .usable(note: nil)
        return table
    }

    static func plan(
        _ catalog: [CatalogTable],
        tables: [TableRule] = [],
        copied: [SyncedTable] = [],
        method: MethodChoice = .auto,
        into: String? = nil,
        deletes: DeletePolicy = .hard,
        unfit: UnfitPolicy = .text,
        numeric: ColumnType = .text,
        autoSetup: Bool = false,
        folding: NameFolding = .caseInsensitive
    ) -> SyncPlan {
        let sync = SyncConfiguration(
            name: "s",
            from: "shop",
            to: "house",
            method: method,
            tables: tables,
            into: into,
            deletes: deletes,
            unfitValues: unfit,
            numeric: numeric,
            autoSetup: autoSetup
        )
        return Planner(sync: sync, catalog: Catalog(tables: catalog), copied: copied, folding: folding).plan()
    }

    /// What a run of `plan` leaves behind.
    static func copies(of plan: SyncPlan) -> [SyncedTable] {
        plan.tables.map { table in
            var schema = table.schema
            for (index, name) in table.targetNames.enumerated() { schema.columns[index].name = name }
            return SyncedTable(
                target: table.target,
                schema: schema,
                rows: 1,
                moment: Moment(checkpoint: Checkpoint("1"), origin: "o", time: 0)
            )
        }
    }
}
