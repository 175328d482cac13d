import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// `numeric` columns without a precision that are copied as decimals.
@Suite(.blocking) struct AnyDecimalTests {
    private static let decimals = ColumnType.decimal(precision: 38, scale: 10)

    /// Every value that fits arrives, also in columns that are added, and can be calculated with; one that does not has
    /// its column become text, in which all are exact.
    @Test(arguments: EveryWay.all) func numbersArriveAsNumbers(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        let seed = UInt64.random(in: 0..<1 << 32)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        try database.execute(
            """
            CREATE DOMAIN amount AS numeric;
            CREATE TABLE sold
                (id int PRIMARY KEY, stamp bigint, n numeric, d amount, wide numeric(50, 4), list numeric[]);
            CREATE TABLE keyed (k numeric PRIMARY KEY, stamp bigint, n numeric);
            """
        )
        var stamp = 0
        func write(_ ids: Range<Int>) throws {
            stamp += 1
            for id in ids {
                let values = [20, 27, 27, 27].map { Self.number(upTo: $0, &random) }
                try database.execute(
                    """
                    INSERT INTO sold (id, stamp, n, d, wide, list)
                    VALUES (\(id), \(stamp), \(values[0]), \(values[1]), \(values[2])::numeric(50, 4),
                        ARRAY[\(values[3])])
                    ON CONFLICT (id) DO UPDATE SET (stamp, n, d) = (excluded.stamp, excluded.n, excluded.d);
                    INSERT INTO keyed VALUES (\(id)::numeric + \(values[1]) - \(values[1]), \(stamp), \(values[2]))
                    ON CONFLICT (k) DO UPDATE SET (stamp, n) = (excluded.stamp, excluded.n)
                    """
                )
            }
        }
        let cursor = way.reading == .cursor ? ["stamp"] : []
        let rules = try ["sold", "keyed"].map { TableRule(try TablePattern("public.\($0)"), cursor: cursor) }
        var route = try EveryWay.Route(way, from: database, rules)
        route.sync.numeric = Self.decimals
        func check(_ columns: [String], of table: String = "sold") async throws {
            let key = table == "sold" ? "id" : "k"
            let texts = columns.map { "trim_scale(\($0))" }.joined(separator: ", ")
            let wanted = try await database.ask("SELECT \(texts) FROM \(table) ORDER BY \(key)")
            let names = columns.joined(separator: ", ")
            let found = try await route.ask("SELECT \(names) FROM public.\(table) ORDER BY \(key)")
            #expect(found.map { $0.map(Self.trimmed) } == wanted)
            #expect(try await route.differences().isEmpty)
        }
        try write(0..<20)
        try await route.run()
        try await check(["n", "d", "wide"])
        try await check(["k", "n"], of: "keyed")
        try write(10..<30)
        try database.execute("ALTER TABLE sold ADD more numeric; DELETE FROM keyed WHERE k < 5")
        stamp += 1
        try database.execute("UPDATE sold SET (stamp, more) = (\(stamp), id / 8.0) WHERE id > 20")
        try await route.run()
        try await check(["n", "d", "wide", "more"])
        try await check(["k", "n"], of: "keyed")
        let sum = try await database.ask("SELECT trim_scale(sum(n) + sum(more)) FROM sold")
        let found = try await route.ask("SELECT sum(n) + sum(more) FROM public.sold")
        #expect(found.map { $0.map(Self.trimmed) } == sum)

        stamp += 1
        try database.execute("UPDATE sold SET (stamp, n) = (\(stamp), 1e-11) WHERE id = 3")
        try await route.run()
        let texts = try await route.ask("SELECT n FROM public.sold ORDER BY id")
        #expect(try await texts == database.ask("SELECT n::text FROM sold ORDER BY id"))
        try await check(["d", "wide", "more"])
        try await route.tearDown()
        try database.drop()
    }

    /// In one of the ways that a client may write it, with up to ten digits after the point that are no zeros.
    private static func number(upTo digits: Int, _ random: inout SeededGenerator) -> String {
        func figures(upTo count: Int) -> String {
            (0..<Int.random(in: 0...count, using: &random)).map { _ in "\(Int.random(in: 0...9, using: &random))" }
                .joined()
        }
        let sign = Bool.random(using: &random) ? "-" : ""
        let zeros = String(repeating: "0", count: Int.random(in: 0...30, using: &random))
        return "'\(sign)0\(figures(upTo: digits)).\(figures(upTo: 10))\(zeros)0'::numeric"
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        let trimmed = text.reversed().drop { $0 == "0" }
        return String(trimmed.drop { $0 == "." }.reversed())
    }
}
