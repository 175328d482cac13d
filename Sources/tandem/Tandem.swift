import ArgumentParser
import TandemApp
import TandemCore
import TandemEngine

/// The program: its commands, and what its exit status means.
@main
struct Tandem: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandem",
        abstract: "Keeps a Postgres database in step with a warehouse.",
        discussion: """
            Start with `tandem demo`, which needs nothing but an installed Postgres, or with `tandem init`, which writes \
            a commented tandem.yaml; then `tandem check`, `tandem plan` and `tandem run`.

            Exit status: 0 all done; 1 something failed (what could be done was done); 2 bad usage or configuration, and \
            nothing was touched; 130 interrupted, stopped cleanly, resumable.
            """,
        version: Version.text,
        subcommands: [
            Init.self, Check.self, Discover.self, Setup.self, Plan.self, Run.self, Status.self, Verify.self, Query.self,
            Issues.self, Reset.self, Rename.self, Teardown.self, Connectors.self, Demo.self,
        ]
    )

    static func main() async {
        Terminal.settle()
        do {
            try checkCommand(CommandLine.arguments.dropFirst().first)
            var command = try await asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            ExitStatus.leave()
        } catch {
            ExitStatus.end(after: error)
        }
    }

    /// The parser calls a command that there is not an argument too many.
    private static func checkCommand(_ word: String?) throws {
        let known = configuration.subcommands.map { $0._commandName }
        guard let word, !word.hasPrefix("-"), word != "help", !known.contains(word) else { return }
        throw UsageError(
            description: "There is no command \"\(word)\"; \(Spelling.hint(for: word, among: known))",
            remedy: Remedy("`tandem --help` says what each of them does.")
        )
    }
}
