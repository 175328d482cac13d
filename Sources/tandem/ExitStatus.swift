import ArgumentParser
import Foundation
import TandemCore
import TandemEngine

/// What the program's exit status tells a script.
enum ExitStatus: Int32 {
    /// Something failed; what could be done was done.
    case failed = 1
    /// Bad usage or configuration; nothing was touched.
    case usage = 2
    case interrupted = 130

    /// Prints what `error` says and ends the program with the status it stands for.
    static func end(after error: any Error) -> Never {
        if let outcome = error as? CommandOutcome { exit(outcome.status.rawValue) }
        if error is CancellationError {
            Terminal.error("interrupted: stopped cleanly; the same command goes on from here")
            exit(interrupted.rawValue)
        }
        if error is ConfigurationProblems || error is PlanProblems || error is UsageError {
            Terminal.error(RemedyText.error(error))
            exit(usage.rawValue)
        }
        if error is any ExplainedError {
            Terminal.error(RemedyText.error(error))
            exit(failed.rawValue)
        }
        let code = Tandem.exitCode(for: error)
        let message = Tandem.fullMessage(for: error)
        if code.isSuccess {
            if !message.isEmpty { Terminal.out(message) }
            exit(code.rawValue)
        }
        Terminal.error(message)
        // The parser's own errors are the user's usage; anything else that reaches this place is a failure.
        exit(code == .validationFailure ? usage.rawValue : failed.rawValue)
    }
}

/// A command has said all there is to say and ends with a status other than 0.
struct CommandOutcome: Error {
    var status: ExitStatus
}

/// A command line that asks for what is not there.
struct UsageError: ExplainedError {
    var description: String
    var remedy: Remedy?
    var isTransient: Bool { false }
}
