import Foundation
import TandemTesting
import Testing

/// What needs no server: help, bad usage, bad configuration.
@Suite(.blocking) struct UsageTests {
    @Test func helpAndVersionAreResults() throws {
        let program = try Program()
        defer { program.remove() }
        let help = try program.run("--help")
        #expect(help.status == 0)
        for command in [
            "init", "check", "discover", "setup", "plan", "run", "status", "verify", "query", "reset", "rename",
            "teardown",
            "connectors", "demo",
        ] {
            #expect(help.output.contains("\n  \(command) "), "\(command) is not in the help")
        }
        let version = try program.run("--version")
        #expect(version.status == 0)
        #expect(version.output.first?.isNumber == true)
    }

    @Test(arguments: [["nonsense"], ["run", "--nonsense"], ["query"], ["query", "a", "b", "--csv", "--json"]])
    func badUsageIsTwo(arguments: [String]) throws {
        let program = try Program()
        defer { program.remove() }
        let outcome = try program.outcome(of: program.start(arguments))
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(!outcome.errors.isEmpty)
    }

    @Test func aCommandThatThereIsNotIsAnsweredWithTheOneThatWasMeant() throws {
        let program = try Program()
        defer { program.remove() }
        let outcome = try program.run("rnu")
        #expect(outcome.status == 2 && outcome.errors.contains("did you mean \"run\"?"))
    }

    @Test func withoutAConfigurationTheRemedyIsInit() throws {
        let program = try Program()
        defer { program.remove() }
        let outcome = try program.run("run")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("tandem.yaml: there is no such file"))
        #expect(outcome.errors.contains("tandem init"))
    }

    @Test func initWritesWhatThenLoads() throws {
        let program = try Program()
        defer { program.remove() }
        #expect(try program.run("init").status == 0)
        let again = try program.run("init")
        #expect(again.status == 2)
        #expect(again.errors.contains("--force"))
        #expect(try program.run("init", "--force").status == 0)
        let status = try program.run("status", environment: ["SHOP_PASSWORD": "secret"])
        #expect(status.status == 0, "\(status.errors)")
    }

    @Test func everyMistakeIsToldAtOnceWithItsLine() throws {
        let program = try Program()
        defer { program.remove() }
        try program.write(
            """
            connections:
              shop:
                type: postgres
                prot: 5432
                password: ${NOT_SET_ANYWHERE}
              warehouse:
                type: duckbd
            syncs:
              copy:
                from: shop
                too: warehouse
            """
        )
        let outcome = try program.run("plan")
        #expect(outcome.status == 2)
        for line in ["tandem.yaml:4:", "tandem.yaml:5:", "tandem.yaml:7:", "tandem.yaml:11:"] {
            #expect(outcome.errors.contains(line), "\(line) is not in \(outcome.errors)")
        }
    }

    @Test func connectorsListEverySetting() throws {
        let program = try Program()
        defer { program.remove() }
        struct Connector: Decodable {
            struct Setting: Decodable { var name: String }
            var name: String
            var settings: [Setting]
        }
        let connectors: [Connector] = try json(program.run("connectors", "--json").output)
        #expect(connectors.map(\.name) == ["postgres", "duckdb"])
        #expect(connectors[0].settings.contains { $0.name == "sslmode" })
        let text = try program.run("connectors", "duckdb")
        #expect(text.output.contains("path"))
        #expect(try program.run("connectors", "oracle").status == 2)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionsAreOffered(shell: String) throws {
        let program = try Program()
        defer { program.remove() }
        let outcome = try program.run("--generate-completion-script", shell)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("verify"))
    }

    @Test func anUnknownNameIsAnsweredWithTheKnownOnes() throws {
        let program = try Program()
        defer { program.remove() }
        try program.write(
            """
            connections:
              shop: {type: postgres, host: 127.0.0.1, user: u, database: d}
              warehouse: {type: duckdb, path: w.duckdb}
            syncs:
              copy: {from: shop, to: warehouse}
            """
        )
        let outcome = try program.run("run", "cpoy")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("Name one of these: copy."))
        #expect(try program.run("query", "shpo", "SELECT 1").status == 2)
    }

    @Test func anUnreachableServerIsOneSentenceWithARemedyAndLeavesNothing() throws {
        let program = try Program()
        defer { program.remove() }
        try program.write(
            """
            connections:
              shop: {type: postgres, host: 127.0.0.1, port: 1, user: u, database: d, password: "pa55word"}
              warehouse: {type: duckdb, path: w.duckdb}
            syncs:
              copy: {from: shop, to: warehouse}
            """
        )
        let outcome = try program.run("run", "--retries", "1")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("127.0.0.1"))
        #expect(outcome.errors.contains("→ "))
        #expect(!outcome.errors.contains("pa55word"))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "w.duckdb").path))
        let check = try program.run("check")
        #expect(check.status == 1)
        #expect(check.output.contains("✗"))
    }
}
