import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import TandemTwoWay

/// What a simulated two-way sync is like.
struct TwoWayScenario: Sendable {
    var left = MemoryRecords.Manners()
    var right = MemoryRecords.Manners()
    var sabotage: Sabotage = []
    var folding: Folding = [.trims, .foldsCase]
    /// How many changes users make.
    var changes = 60
    /// How likely one is made in each step.
    var rate = 0.25
    /// How likely the engine is killed after a step.
    var crashes = 0.03
    /// How many of the changes are deletes.
    var deletes = 0.12
    /// Whether calls may fail once they have had their effect.
    var losesAnswers = true
    /// After which step the engine is killed, whatever else is.
    var crashesAfter: Int?
    /// As many records get almost all changes; 0 for all alike.
    var hot = 0
    /// Whether both sides are gone through once users have stopped, or only those whose feed does not tell all.
    var auditsAtEnd = true

    static let lower: @Sendable (String) -> String = { TwoWayScenario.canonical($0) }
    static let upper: @Sendable (String) -> String = { $0.uppercased() }
    static func canonical(_ text: String) -> String {
        var text = Substring(text)
        while text.last == " " { text.removeLast() }
        return text.lowercased()
    }

    /// A log on the left; on the right something that is polled, lags, and makes lower case of text.
    static var app: TwoWayScenario {
        var scenario = TwoWayScenario()
        scenario.right.lag = 3
        scenario.right.staleness = 0.15
        scenario.right.normal = lower
        return scenario
    }

    /// Two databases.
    static var databases: TwoWayScenario {
        var scenario = TwoWayScenario()
        scenario.left.keepsNotes = true
        scenario.right.keepsNotes = true
        scenario.left.createsOnce = false
        scenario.right.createsOnce = false
        scenario.left.tellsPrefixes = true
        scenario.right.tellsPrefixes = true
        scenario.right.normal = lower
        scenario.crashes = 0.08
        scenario.rate = 0.3
        return scenario
    }

    func with(_ change: (inout TwoWayScenario) -> Void) -> TwoWayScenario {
        var scenario = self
        change(&scenario)
        return scenario
    }

    static let fields = ["k", "f1", "f2"]

    static func shape(_ side: Side) -> RecordShape {
        let name = TableName(schema: "public", table: side == .left ? "people" : "contacts")
        return RecordShape(
            table: name,
            id: TableID(named: name),
            key: [ColumnSchema(name: "id", type: .int64, nativeType: "bigint")],
            fields: fields.map { ColumnSchema(name: $0, type: .text, nativeType: "text") }
        )
    }

    var rules: PairRules {
        PairRules(
            name: "people",
            shapes: Both { Self.shape($0) },
            fields: Self.fields.map {
                FieldRule(
                    name: $0,
                    types: Both(left: .text, right: .text),
                    conflicts: .left,
                    folding: folding
                )
            },
            match: [0],
            deletes: .propagate,
            firstSync: .left
        )
    }
}
