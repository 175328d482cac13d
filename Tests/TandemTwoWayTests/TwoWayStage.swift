import TandemCore
import TandemMemory
import TandemRows
import TandemTwoWay

/// Two sides in memory with some pairs of tables, kept in step without a fault.
final class TwoWayStage {
    let sides: Both<MemoryRecords>
    let links = MemoryLinks()
    let pairs: [PairRules]
    private let hash = ValueHash(key: (3, 4))
    private var engine: Reconciler
    private var now = 1.0

    /// A pair of tables of one name, with keys of their own on both sides.
    struct Table {
        var name: String
        var fields: [FieldRule]
        var match: [Int] = []
        var unique: [Int] = []
        var change: (inout PairRules) -> Void = { _ in }
    }

    init(_ tables: [Table], _ manners: Both<MemoryRecords.Manners>? = nil) {
        var notes = MemoryRecords.Manners()
        notes.keepsNotes = true
        let manners = manners ?? Both(left: notes, right: notes)
        sides = Both(left: MemoryRecords(manners.left), right: MemoryRecords(manners.right))
        pairs = tables.map { table in
            let shapes = Both { side in Self.shape(table, side) }
            var rules = PairRules(name: table.name, shapes: shapes, fields: table.fields, match: table.match)
            rules.deletes = .propagate
            table.change(&rules)
            return rules
        }
        for side in Side.allCases {
            for (table, pair) in zip(tables, pairs) {
                let references = table.fields.enumerated().compactMap { place, field in
                    field.references.map { (place, Self.shape(tables[$0], side).id) }
                }
                sides[side].add(
                    pair.shapes[side],
                    unique: table.unique,
                    references: Dictionary(uniqueKeysWithValues: references)
                )
            }
        }
        let sides = sides
        engine = Reconciler(
            pairs,
            name: "stage",
            capabilities: Both { sides[$0].capabilities },
            hash: hash,
            start: links.start()
        )
    }

    private static func shape(_ table: Table, _ side: Side) -> RecordShape {
        let name = TableName(schema: "\(side)", table: table.name)
        return RecordShape(
            table: name,
            id: TableID(named: name),
            key: [ColumnSchema(name: "id", type: .int64, nativeType: "bigint")],
            fields: table.fields.map { ColumnSchema(name: $0.name, type: $0.types[side], nativeType: "") }
        )
    }

    @discardableResult
    func insert(_ fields: Value..., into pair: Int = 0, at side: Side) -> RowKey? {
        sides[side].insert(fields, into: pairs[pair].shapes[side].id)
    }

    func update(_ key: RowKey, _ fields: [Int: Value], in pair: Int = 0, at side: Side) {
        sides[side].update(key, fields, in: pairs[pair].shapes[side].id)
    }

    func delete(_ key: RowKey, from pair: Int = 0, at side: Side) {
        sides[side].delete(key, from: pairs[pair].shapes[side].id)
    }

    /// What a side has of a pair, by the order of keys.
    func records(_ side: Side, of pair: Int = 0) -> [[Value]] {
        sides[side].records(of: pairs[pair].shapes[side].id)
            .sorted {
                "\($0.key)".count == "\($1.key)".count
                    ? "\($0.key)" < "\($1.key)" : "\($0.key)".count < "\($1.key)".count
            }
            .map(\.value)
    }

    var issues: [RecordIssue] { links.content.issues.values.flatMap { $0 } }
    var conflicts: [LoggedConflict] { links.content.conflicts }

    /// The key that a record has on the other side.
    func counterpart(of key: RowKey, in pair: Int = 0, at side: Side) -> RowKey? {
        links.content.links.values.first { $0.pair == pair && $0.keys[side] == key }?.keys[side.other]
    }

    /// Looks at all there is, and does what comes of it.
    ///
    /// - Returns: How much was written.
    @discardableResult
    func settle() async throws -> Int {
        let calls = ActionCalls(of: "stage", pairs: pairs, stores: sides.map { $0 }, links: links)
        let before = engine.counts.written
        for side in Side.allCases {
            for pair in pairs.indices {
                let records = try await sides[side].scan(pairs[pair].shapes[side], after: nil, limit: .max)
                engine.add(records.map { .record(side, pair: pair, $0.key) }, from: side, upTo: nil)
            }
        }
        engine.add(links.content.links.keys.sorted().map { .link($0) })
        for _ in 0..<200 {
            now += 1
            var actions = engine.begin(at: now)
            while !actions.isEmpty {
                var answers: [Reconciler.Answer] = []
                for action in actions { answers.append(try await calls.perform(action)) }
                actions = engine.proceed(answers, at: now)
            }
        }
        return engine.counts.written - before
    }
}

extension FieldRule {
    static func text(_ name: String, _ conflicts: ConflictPolicy = .hold) -> FieldRule {
        FieldRule(name: name, types: Both(left: .text, right: .text), conflicts: conflicts)
    }

    static func number(_ name: String, _ conflicts: ConflictPolicy = .hold, keepsAgreed: Bool = false) -> FieldRule {
        FieldRule(
            name: name,
            types: Both(left: .int64, right: .int64),
            conflicts: conflicts,
            keepsAgreed: keepsAgreed
        )
    }

    static func reference(_ name: String, to pair: Int) -> FieldRule {
        FieldRule(name: name, types: Both(left: .int64, right: .int64), references: pair)
    }
}

extension RowKey {
    var value: Value { values[0] }
}
