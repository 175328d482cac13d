import TandemEngine
import TandemTesting
import Testing

struct ConfigurationFuzzTests {
    /// Whatever becomes of a file, it is read or refused with a sentence, and no password is told.
    @Test func aMutilatedFileIsReadOrRefused() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let valid = Array(ConfigurationTemplate.text.utf8) + Array(Self.more.utf8)
        let pieces = [
            "*", "!", "&a", "<<: *a", "\t", ": ", "- ", "\"", "'", "${", "}", "$", "[", "]", "{", "|", "#", "\n",
            "---\n", "\u{85}", "💥", "\0",
        ]
        for round in 0..<2000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...40, using: &random)))
                case 2: bytes.insert(contentsOf: Array(pieces.randomElement(using: &random)?.utf8 ?? "".utf8), at: at)
                case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 60)], at: at)
                case 4: bytes.truncate(to: at + 1)
                default: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &random))
                }
            }
            do {
                _ = try Configuration.parse(
                    bytes,
                    file: "t.yaml",
                    environment: ["SHOP_PASSWORD": "hunter2"],
                    connectors: Sample.connectors
                )
            } catch {
                #expect(!error.problems.isEmpty, "seed \(seed), round \(round)")
                #expect(!error.description.contains("hunter2"), "seed \(seed), round \(round)")
            }
        }
    }

    @Test func nestingWithoutEndIsRefused() {
        for opening in ["[", "{a: ", "- "] {
            let text = "connections: " + String(repeating: opening, count: 100_000)
            #expect(Sample.problems(text).hasPrefix("tandem.yaml:"))
        }
    }

    @Test func aKeyThatComesAThousandTimesIsTold() {
        let text = "connections:\n" + String(repeating: "  a: {type: postgres}\n", count: 1000)
        #expect(Sample.problems(text).contains("key \"a\""))
    }

    private static let more = """

          second:
            from: shop
            to: warehouse
            tables:
              - public.*
              - "!public.audit_*"
              - {name: '"odd.schema"."Ta ble"', columns: [id, "n?me"], target: x.y}
              - {name: public.events, method: INCREMENTAL, cursor: updated_at}
            schedule: "*/5 0-23 1,15 jan-dec mon-fri"
            deletes: hard
        """
}

extension Array {
    fileprivate mutating func truncate(to count: Int) { removeLast(Swift.max(0, self.count - count)) }
}
