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

    /// Ends the program with `status`, or with ``failed`` instead of 0 where not all of the output could be written.
    static func leave(_ status: Int32 = 0) -> Never {
        // A reader that has gone away (a closed pipe) does not want the rest.
        guard let failure = Terminal.outputFailure, failure != EPIPE else { exit(status) }
        Terminal.error("error: Standard output could not be written: \(String(cString: strerror(failure))).")
        exit(status == 0 ? failed.rawValue : status)
    }

    /// Prints what `error` says and ends the program with the status it stands for.
    static func end(after error: any Error) -> Never {
        if let outcome = error as? CommandOutcome { leave(outcome.status.rawValue) }
        if error is CancellationError {
            Terminal.error("interrupted: stopped cleanly; the same command goes on from here")
            leave(interrupted.rawValue)
        }
        if error is ConfigurationProblems || error is PlanProblems || error is UsageError {
            Terminal.error(RemedyText.error(error))
            leave(usage.rawValue)
        }
        if error is any ExplainedError {
            Terminal.error(RemedyText.error(error))
            leave(failed.rawValue)
        }
        let code = Tandem.exitCode(for: error)
        let message = Tandem.fullMessage(for: error)
        if code.isSuccess {
            if !message.isEmpty { Terminal.out(message) }
            leave(code.rawValue)
        }
        Terminal.error(message)
        // The parser's own errors are the user's usage; anything else that reaches this place is a failure.
        leave(code == .validationFailure ? usage.rawValue : failed.rawValue)
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
