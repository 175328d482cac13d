import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

struct ConfigurationPatternTests {
    @Test(arguments: [
        ("orders", "public.orders", true), ("orders", "sales.orders", false), ("*", "sales.orders", true),
        ("*.*", "sales.orders", true), ("public.*", "public.", true), ("o*", "public.orders", true),
        ("sales.order?", "sales.orders", true), ("sales.order?", "sales.order", false),
        ("sales.*_log", "sales.a_log_b_log", true), ("Orders", "public.orders", false),
        ("sales.\"or*s\"", "sales.orders", false), ("sales.\"or*s\"", "sales.or*s", true),
        ("sa?es.o**s", "sales.orders", true), ("sales.🦉?", "sales.🦉🦉", true),
        // Two ways to write é are two names to a database.
        ("sales.caf\u{E9}", "sales.cafe\u{301}", false),
    ]) func matches(pattern: String, table: String, matches: Bool) throws {
        let parts = table.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = TableName(schema: parts[0], table: parts[1])
        #expect(try TablePattern(pattern).matches(name) == matches)
    }

    @Test func aQuotedNameMatchesItselfWhateverItHolds() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let letters = Array("ab.*?\" !é🦉'")
        for _ in 0..<2000 {
            func word() -> String {
                String(
                    (0...Int.random(in: 0...6, using: &random)).compactMap { _ in letters.randomElement(using: &random)
                    }
                )
            }
            let name = TableName(schema: word(), table: word())
            let quoted = [name.schema, name.table].map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(
                separator: "."
            )
            #expect(try TablePattern(quoted).literal == name, "seed \(seed)")
            #expect(try TablePattern(quoted).matches(name), "seed \(seed)")
        }
    }

    /// The matcher against one that tries everything.
    @Test func wildcardsMatchWhatTheyShould() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        func slow(_ pattern: Substring, _ name: Substring) -> Bool {
            guard let first = pattern.first else { return name.isEmpty }
            if first == "*" {
                return slow(pattern.dropFirst(), name) || !name.isEmpty && slow(pattern, name.dropFirst())
            }
            return !name.isEmpty && (first == "?" || first == name.first) && slow(pattern.dropFirst(), name.dropFirst())
        }
        for _ in 0..<20_000 {
            func word(_ letters: [Character], _ range: ClosedRange<Int>) -> String {
                String(
                    (0..<Int.random(in: range, using: &random)).compactMap { _ in letters.randomElement(using: &random)
                    }
                )
            }
            let (pattern, name) = (word(["a", "b", "*", "?"], 1...7), word(["a", "b"], 0...8))
            #expect(
                try NamePattern(pattern).matches(name) == slow(pattern[...], name[...]),
                "\(pattern) \(name), seed \(seed)"
            )
        }
    }

    @Test func aPatternMadeToBeSlowIsNot() throws {
        let pattern = try NamePattern(String(repeating: "a*", count: 5000) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5000)))
    }
}
