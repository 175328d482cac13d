import Foundation
import TandemEngine
import Testing

/// Holds docs/configuration.md to the code.
struct ConfigurationReferenceTests {
    private let page: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    }

    @Test func itsExamplesLoad() throws {
        let blocks = page.matches(of: /```yaml\n([\s\S]*?)```/).map { String($0.1) }
        #expect(blocks.count == 2)
        for block in blocks {
            let indented = block.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
            let sync = "connections: {a: {type: postgres}, b: {type: postgres}}\nsyncs:\n  s:\n    from: a\n    to: b\n"
            let text = block.hasPrefix("connections:") ? block : sync + indented
            #expect(Sample.problems(text, environment: ["SHOP_PASSWORD": "x"]) == "")
        }
    }

    /// Every key that is known has its line in a table of the page.
    @Test(arguments: [
        "    from: a\n    to: a\n    zzzzzz: 1\n", "    from: a\n    to: b\n    tables: [{name: a, zzzzzz: 1}]\n",
    ])
    func itTellsOfEveryKey(body: String) throws {
        let told = Sample.problems("connections: {a: {type: postgres}, b: {type: postgres}}\nsyncs:\n  s:\n" + body)
        let known = try #require(told.firstMatch(of: /unknown key "zzzzzz"; there are ([a-z_, ]*)/)?.1)
        for key in known.split(separator: ", ") {
            #expect(page.contains("| `\(key)` |"), "\(key)")
        }
    }
}
