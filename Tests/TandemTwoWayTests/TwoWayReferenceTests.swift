import TandemCore
import TandemRows
import TandemTwoWay
import Testing

/// Records that name others, whose keys are others on the other side.
@Suite struct TwoWayReferenceTests {
    private static var companies: TwoWayStage.Table {
        TwoWayStage.Table(name: "companies", fields: [.text("name")], match: [0])
    }
    private static var people: TwoWayStage.Table {
        TwoWayStage.Table(name: "people", fields: [.text("email"), .reference("company", to: 0)], match: [0])
    }

    @Test func parentsComeBeforeTheirChildrenAndKeysAreTranslated() async throws {
        let stage = TwoWayStage([Self.companies, Self.people])
        // So that keys differ.
        for name in ["x", "y"] { stage.insert(.text(name), at: .right) }
        let company = try #require(stage.insert(.text("acme"), at: .left))
        stage.insert(.text("ann"), company.value, into: 1, at: .left)
        try await stage.settle()
        let there = try #require(stage.counterpart(of: company, at: .left))
        #expect(there != company)
        #expect(stage.records(.right, of: 1) == [[.text("ann"), there.value]])
        #expect(stage.issues.isEmpty)
        #expect(try await stage.settle() == 0)
    }

    @Test func aReferenceThatChangesIsTranslatedBothWays() async throws {
        let stage = TwoWayStage([Self.companies, Self.people])
        stage.insert(.text("x"), at: .right)
        let first = try #require(stage.insert(.text("first"), at: .left))
        let second = try #require(stage.insert(.text("second"), at: .left))
        let ann = try #require(stage.insert(.text("ann"), first.value, into: 1, at: .left))
        try await stage.settle()
        let annThere = try #require(stage.counterpart(of: ann, in: 1, at: .left))
        let secondThere = try #require(stage.counterpart(of: second, at: .left))
        stage.update(annThere, [1: secondThere.value], in: 1, at: .right)
        try await stage.settle()
        #expect(stage.records(.left, of: 1) == [[.text("ann"), second.value]])
        stage.update(ann, [1: .null], in: 1, at: .left)
        try await stage.settle()
        #expect(stage.records(.right, of: 1) == [[.text("ann"), .null]])
        #expect(try await stage.settle() == 0)
    }

    @Test func recordsThatNameEachOtherAndThemselvesArrive() async throws {
        let nodes = TwoWayStage.Table(
            name: "nodes",
            fields: [.text("name"), .reference("next", to: 0)],
            match: [0]
        )
        let stage = TwoWayStage([nodes])
        stage.insert(.text("x"), .null, at: .right)
        let first = try #require(stage.insert(.text("first"), .null, at: .left))
        let second = try #require(stage.insert(.text("second"), first.value, at: .left))
        stage.update(first, [1: second.value], at: .left)
        let own = try #require(stage.insert(.text("own"), .null, at: .left))
        stage.update(own, [1: own.value], at: .left)
        try await stage.settle()
        func there(_ key: RowKey) throws -> Value { try #require(stage.counterpart(of: key, at: .left)).value }
        let held = Set(stage.records(.right))
        #expect(held.contains([.text("first"), try there(second)]))
        #expect(held.contains([.text("second"), try there(first)]))
        #expect(held.contains([.text("own"), try there(own)]))
        #expect(held.count == 4)
        #expect(stage.issues.isEmpty)
        #expect(try await stage.settle() == 0)
    }

    @Test func parentAndChildGoTogether() async throws {
        let stage = TwoWayStage([Self.companies, Self.people])
        let company = try #require(stage.insert(.text("acme"), at: .left))
        let ann = try #require(stage.insert(.text("ann"), company.value, into: 1, at: .left))
        try await stage.settle()
        stage.delete(ann, from: 1, at: .left)
        stage.delete(company, at: .left)
        try await stage.settle()
        #expect(stage.records(.right, of: 0).isEmpty)
        #expect(stage.records(.right, of: 1).isEmpty)
        #expect(try await stage.settle() == 0)
    }
}
