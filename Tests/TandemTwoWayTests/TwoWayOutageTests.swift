import TandemCore
import TandemMemory
import TandemRows
import TandemTwoWay
import Testing

@Suite struct TwoWayOutageTests {
    /// A record that could not be read for a long while is looked at once its side is there again, and not only when a
    /// record that is refused would be tried again.
    @Test func aSideThatWasAwayIsNoFaultOfItsRecords() async throws {
        let stage = TwoWayStage([.init(name: "people", fields: [.text("email")], match: [0])])
        let ann = try #require(stage.insert(.text("ann"), at: .left))
        let calls = ActionCalls(of: "stage", pairs: stage.pairs, stores: stage.sides.map { $0 }, links: stage.links)
        let sides = stage.sides
        var engine = Reconciler(
            stage.pairs,
            name: "stage",
            capabilities: Both { sides[$0].capabilities },
            hash: ValueHash(key: (3, 4)),
            start: stage.links.start()
        )
        engine.add([.record(.left, pair: 0, ann)], from: .left, upTo: Checkpoint("1"))
        for round in 0..<60 {
            let isAway = round < 50
            var actions = engine.begin(at: 1)
            if isAway { #expect(!actions.isEmpty) }
            while !actions.isEmpty {
                var answers: [Reconciler.Answer] = []
                for action in actions {
                    if isAway, case .read = action {
                        answers.append(.failed)
                    } else {
                        answers.append(try await calls.perform(action))
                    }
                }
                actions = engine.proceed(answers, at: 1)
            }
        }
        #expect(stage.records(.right) == [[.text("ann")]])
        #expect(engine.backlog == 0)
        #expect(stage.links.content.marks.isEmpty)
        #expect(stage.links.content.cursors.left == Checkpoint("1"))
    }
}
