import ArgumentParser
import TandemApp
import TandemCore
import TandemEngine
import TandemState

struct Rename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a sync another name, with all it has.",
        discussion: """
            What the destination remembers of it, its stream, slot, publication, triggers and history go along, and nothing \
            is copied again. Run it before or after the name is changed in the configuration; a run that was cut off is \
            made good by the same command.
            """
    )

    @Argument(help: "The sync as it was called.", completion: .syncs)
    var sync: String
    @Argument(help: "Its new name.")
    var new: String
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        if new == sync { throw ValidationError("Both names are \"\(sync)\".") }
        guard ConfiguredName.isValid(new) else {
            throw ValidationError("A sync's name must be \(ConfiguredName.rule).")
        }
        // Earlier versions gave others too.
        if sync.isEmpty || sync.unicodeScalars.contains(where: { $0 == "/" || $0.value < 32 }) {
            throw ValidationError("No sync was ever called so.")
        }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        let renamed = try await workspace.rename(sync, to: new)
        let (configuration, isMoved) = (renamed.sync, renamed.isMoved)
        let isEdited = workspace.configuration.sync(new) != nil
        let next =
            isEdited
            ? "\(ProgramCommand("run", new)) goes on where it was."
            : "Now change `\(sync):` to `\(new):` below `syncs:` in \(workspace.configuration.file); until then it does not run."
        if report.json {
            let result = RenamedJSON(sync: sync, name: new, renamed: isMoved, configured: isEdited, next: next)
            return Terminal.out(try ReportJSON.text(result))
        }
        Terminal.out(
            isMoved
                ? "\(sync) is \(new) now, with all that \(configuration.to) remembers of it. \(next)"
                : "\(configuration.to) remembers nothing of \(sync)\(isEdited ? ", or it has the new name already" : ""). \(next)"
        )
    }
}

private struct RenamedJSON: Encodable {
    var sync: String
    var name: String
    /// Whether the destination had anything under the old name.
    var renamed: Bool
    /// Whether the configuration has the new name.
    var configured: Bool
    var next: String
}
