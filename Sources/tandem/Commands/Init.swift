import ArgumentParser
import Foundation
import TandemApp
import TandemCore
import TandemEngine

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write a commented tandem.yaml here.")

    @Flag(name: .long, help: "Write over a file that is there already.")
    var force = false
    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let file = options.config ?? Workspace.standardConfiguration
        do {
            try Data(ConfigurationTemplate.text.utf8).write(
                to: URL(fileURLWithPath: file),
                options: force ? [] : .withoutOverwriting
            )
        } catch CocoaError.fileWriteFileExists {
            throw UsageError(
                description: "\(file) is there already and stays as it is.",
                remedy: Remedy("Name another file with --config, or write over it with --force.")
            )
        } catch {
            throw UsageError(
                description: "\(file) cannot be written: \(error.localizedDescription)",
                remedy: Remedy("Run this in a folder you may write to, or name a file there with --config.")
            )
        }
        Terminal.out("Wrote \(file). Fill in the connection, then run `tandem check`.")
    }
}
