import Foundation
import Testing

/// What a machine can remember of CONTRIBUTING.md.
@Suite struct TidyTests {
    @Test(arguments: Rule.all) func everyFileKeeps(_ rule: Rule) throws {
        let files = rule.files()
        #expect(!files.isEmpty)
        for file in files {
            let lines = rule.violations(in: try Repository.text(file)).map { $0 + 1 }
            #expect(
                lines.isEmpty,
                "\(file): \(rule.name); not so in line \(lines.map(String.init).joined(separator: ", "))"
            )
        }
    }

    @Test(arguments: Rule.all) func refusesItsExample(_ rule: Rule) {
        #expect(!rule.violations(in: rule.example).isEmpty)
    }

    @Test(arguments: Repository.markdown) func linksLeadSomewhere(_ page: String) throws {
        #expect(try Markdown.broken(in: Repository.text(page), of: page) == [])
    }

    /// The way of a row is as CONTRIBUTING.md has it: each `Type.function` (`file`) is there.
    @Test func theWayOfARowIsTrue() throws {
        let page = try Repository.text("CONTRIBUTING.md")
        let hops = page.matches(of: /`(\w+)\.(\w+)`\s+\(`(Sources\/[^`]+)`\)/)
        #expect(hops.count >= 10)
        for hop in hops {
            let text = Repository.exists(String(hop.3)) ? try Repository.text(String(hop.3)) : ""
            #expect(text.contains("func \(hop.2)") && text.contains(hop.1), "\(hop.0)")
        }
    }

    @Test func seesBrokenLinks() throws {
        let text =
            "# A page\n\n[a](b.md) [c](#d) [e](../README.md) [f](#a-page) [g](https://example.org)\n```\n[h](i)\n```"
        #expect(try Markdown.broken(in: text, of: "docs/page.md") == ["b.md", "#d"])
    }
}

/// Every connector has what a connector must have.
@Suite struct ConnectorFolderTests {
    @Test(arguments: Repository.names(in: "Sources/Connectors")) func isWhole(_ name: String) throws {
        #expect(Repository.exists("Sources/Connectors/\(name)/DESIGN.md"))
        let tests = try Repository.swift.filter { $0.hasPrefix("Tests/Connectors/\(name)Tests/") }.map(Repository.text)
        #expect(tests.contains { $0.contains("Conformance(") }, "\(name) does not run the conformance suite")
    }

    @Test func isRegisteredByItsFolder() throws {
        let registry = try Repository.text("Sources/TandemConnectors/Registry.swift")
        let names = registry.matches(of: /(\w+)Connector\.self/).map { String($0.1) }
        #expect(!names.isEmpty)
        #expect(Set(names).isSubset(of: Repository.names(in: "Sources/Connectors")))
    }
}

/// What a user can write is described.
@Suite struct DocumentationTests {
    @Test func everyCommandIsDescribed() throws {
        let commands = Self.commands(in: try Repository.text("Sources/tandem/Tandem.swift"))
        #expect(commands.contains("run"))
        let page = try Repository.text("docs/commands.md")
        for command in commands { #expect(page.contains("\n## tandem \(command)\n"), "tandem \(command)") }
    }

    @Test func everySettingIsDescribed() throws {
        let declarations = try Repository.swift.filter { $0.hasPrefix("Sources/Connectors/") }.map(Repository.text)
        let settings = declarations.flatMap(Self.settings)
        #expect(settings.contains("host") && settings.contains("path"))
        let page = try Repository.text("docs/configuration.md")
        for setting in settings { #expect(page.contains("`\(setting)`"), "setting \(setting)") }
    }

    @Test func everyTestThatHoldsAGuaranteeExists() throws {
        let tests = Self.tests(in: try Repository.text("docs/guarantees.md"))
        #expect(tests.count > 10)
        for test in tests {
            let suites = try Repository.swift.filter { $0.hasSuffix("/\(test.suite).swift") }.map(Repository.text)
            let isThere = suites.contains { test.function.map { "func \($0)(" }.map($0.contains) ?? true }
            #expect(isThere, "\(test.suite).\(test.function ?? "")")
        }
    }

    @Test func findsWhatIsDeclared() {
        #expect(Self.commands(in: "subcommands: [\nRun.self, Check.self]") == ["run", "check"])
        let fields =
            #".init("host", \.host, help: "…"), .init(secret: "password", \.password, help: "…"), .init("a", b)"#
        #expect(Self.settings(in: fields) == ["host", "password"])
        let held = Self.tests(in: "Held by `ATests`, `BTests.works` and `CConformance`; `make test`.")
        #expect(held.map(\.suite) == ["ATests", "BTests", "CConformance"])
        #expect(held.map(\.function) == [nil, "works", nil])
    }

    private static func commands(in text: String) -> [String] {
        let list = text.split(separator: "subcommands:").last ?? ""
        return list.prefix { $0 != "]" }.matches(of: /(\w+)\.self/).map { $0.1.lowercased() }
    }

    private static func tests(in text: String) -> [(suite: String, function: String?)] {
        text.matches(of: /`(\w+(?:Tests|Conformance))(?:\.(\w+))?`/).map { (String($0.1), $0.2.map(String.init)) }
    }

    private static func settings(in text: String) -> [String] {
        text.matches(of: /\(\s*(secret:\s*)?"([a-z_]+)",\s*\\\./).map { String($0.2) }
    }
}
