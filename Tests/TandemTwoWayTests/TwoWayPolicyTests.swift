import TandemCore
import TandemMemory
import TandemRows
import TandemTwoWay
import Testing

/// What becomes of what cannot simply be carried over.
@Suite struct TwoWayPolicyTests {
    private static func people(
        _ conflicts: ConflictPolicy = .hold,
        unique: Bool = false,
        change: @escaping (inout PairRules) -> Void = { _ in }
    ) -> TwoWayStage.Table {
        TwoWayStage.Table(
            name: "people",
            fields: [.text("email"), .text("name", conflicts), .text("city", conflicts)],
            match: [0],
            unique: unique ? [0] : [],
            change: change
        )
    }

    @Test(arguments: [ConflictPolicy.left, .right])
    func oneSideWinsAndWhatIsLostIsLogged(_ policy: ConflictPolicy) async throws {
        let stage = TwoWayStage([Self.people(policy)])
        let ann = try #require(stage.insert(.text("ann"), .text("Ann"), .text("Rome"), at: .left))
        try await stage.settle()
        let there = try #require(stage.counterpart(of: ann, at: .left))
        stage.update(ann, [1: .text("left")], at: .left)
        stage.update(there, [1: .text("right"), 2: .text("Paris")], at: .right)
        try await stage.settle()
        let won = policy == .left ? "left" : "right"
        // What only one of them has changed is carried over all the same.
        #expect(stage.records(.left) == [[.text("ann"), .text(won), .text("Paris")]])
        #expect(stage.records(.right) == stage.records(.left))
        #expect(stage.conflicts.map(\.lost) == [.text(policy == .left ? "right" : "left")])
        #expect(try await stage.settle() == 0)
    }

    @Test func aConflictIsHeldUntilBothAgreeAndTheRestGoesOn() async throws {
        let stage = TwoWayStage([Self.people()])
        let ann = try #require(stage.insert(.text("ann"), .text("Ann"), .text("Rome"), at: .left))
        try await stage.settle()
        let there = try #require(stage.counterpart(of: ann, at: .left))
        stage.update(ann, [1: .text("left"), 2: .text("Oslo")], at: .left)
        stage.update(there, [1: .text("right")], at: .right)
        try await stage.settle()
        #expect(stage.records(.left) == [[.text("ann"), .text("left"), .text("Oslo")]])
        #expect(stage.records(.right) == [[.text("ann"), .text("right"), .text("Oslo")]])
        #expect(stage.issues.map(\.kind) == [.conflict])
        #expect(stage.issues.map(\.field) == ["name"])
        #expect(try await stage.settle() == 0)
        stage.update(there, [1: .text("left")], at: .right)
        try await stage.settle()
        #expect(stage.issues.isEmpty)
    }

    @Test func bothChangesOfANumberAreAddedUp() async throws {
        let table = TwoWayStage.Table(
            name: "stock",
            fields: [.text("item"), .number("count", .sum, keepsAgreed: true)],
            match: [0]
        )
        let stage = TwoWayStage([table])
        let item = try #require(stage.insert(.text("nut"), .number(10), at: .left))
        try await stage.settle()
        let there = try #require(stage.counterpart(of: item, at: .left))
        stage.update(item, [1: .number(13)], at: .left)
        stage.update(there, [1: .number(8)], at: .right)
        try await stage.settle()
        #expect(stage.records(.left) == [[.text("nut"), .number(11)]])
        #expect(stage.records(.right) == stage.records(.left))
        #expect(try await stage.settle() == 0)
    }

    @Test func whatWasDeletedGoesByItsPolicy() async throws {
        for policy in [DeletePolicy.propagate, .ignore, .hold] {
            let stage = TwoWayStage([Self.people { $0.deletes = policy }])
            let ann = try #require(stage.insert(.text("ann"), .text("Ann"), .null, at: .left))
            try await stage.settle()
            stage.delete(ann, at: .left)
            try await stage.settle()
            #expect(stage.records(.right).count == (policy == .propagate ? 0 : 1), "\(policy)")
            #expect(stage.records(.left).isEmpty, "\(policy)")
            #expect(stage.issues.map(\.kind) == (policy == .hold ? [.deleted] : []), "\(policy)")
            #expect(try await stage.settle() == 0, "\(policy)")
        }
    }

    @Test func anEditOutlivesADeleteAndIsLogged() async throws {
        for policy in [DeleteAgainstUpdate.update, .delete, .hold] {
            let stage = TwoWayStage([Self.people { $0.deleteAgainstUpdate = policy }])
            let ann = try #require(stage.insert(.text("ann"), .text("Ann"), .null, at: .left))
            try await stage.settle()
            let there = try #require(stage.counterpart(of: ann, at: .left))
            stage.delete(ann, at: .left)
            stage.update(there, [1: .text("Anna")], at: .right)
            try await stage.settle()
            #expect(stage.records(.left).count == (policy == .update ? 1 : 0), "\(policy)")
            #expect(stage.records(.right).count == (policy == .delete ? 0 : 1), "\(policy)")
            #expect(stage.conflicts.isEmpty == (policy == .hold), "\(policy)")
            if policy == .delete { #expect(stage.conflicts.contains { $0.lost == .text("Anna") }) }
            #expect(stage.issues.map(\.kind) == (policy == .hold ? [.deletedAndChanged] : []), "\(policy)")
            #expect(try await stage.settle() == 0, "\(policy)")
        }
    }

    @Test func severalThatMatchAreAnIssueAndNoGuess() async throws {
        let stage = TwoWayStage([Self.people()])
        stage.insert(.text("ann"), .text("Ann"), .null, at: .left)
        stage.insert(.text("ann"), .text("Ann 1"), .null, at: .right)
        stage.insert(.text("ann"), .text("Ann 2"), .null, at: .right)
        stage.insert(.text("bob"), .text("Bob"), .null, at: .left)
        try await stage.settle()
        #expect(stage.issues.contains { $0.kind == .ambiguous })
        #expect(stage.records(.left).count == 2 && stage.records(.right).count == 3)
        #expect(stage.records(.right).contains { $0[0] == .text("bob") })
        #expect(try await stage.settle() == 0)
    }

    @Test func aRecordThatIsRefusedKeepsNoOtherWaiting() async throws {
        let table = TwoWayStage.Table(
            name: "people",
            fields: [.text("email"), .text("name")],
            match: [1],
            unique: [0]
        )
        let stage = TwoWayStage([table])
        stage.insert(.text("same"), .text("other"), at: .right)
        stage.insert(.text("same"), .text("mine"), at: .left)
        for number in 0..<20 { stage.insert(.text("e\(number)"), .text("n\(number)"), at: .left) }
        try await stage.settle()
        #expect(stage.records(.right).count == 21)
        #expect(stage.issues.allSatisfy { $0.kind == .rejected } && stage.issues.count == 2)
    }

    @Test func aFieldThatFlowsOneWayIsNotCarriedBack() async throws {
        let stage = TwoWayStage([Self.people { $0.fields[1].flows = [.right] }])
        let ann = try #require(stage.insert(.text("ann"), .text("Ann"), .null, at: .left))
        try await stage.settle()
        let there = try #require(stage.counterpart(of: ann, at: .left))
        stage.update(there, [1: .text("Anna")], at: .right)
        try await stage.settle()
        #expect(stage.records(.left)[0][1] == .text("Ann"))
        #expect(stage.issues.map(\.kind) == [.notCarried])
        stage.update(ann, [1: .text("Annie")], at: .left)
        try await stage.settle()
        #expect(stage.records(.right)[0][1] == .text("Annie"))
        #expect(stage.conflicts.map(\.lost) == [.text("Anna")])
    }
}
