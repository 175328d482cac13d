import ArgumentParser
import Foundation
import TandemApp
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

    /// What ended a command, as `--json` calls it.
    enum Kind: String, Encodable {
        case usage, configuration, plan, failed, interrupted

        var status: ExitStatus {
            switch self {
            case .usage, .configuration, .plan: .usage
            case .failed: .failed
            case .interrupted: .interrupted
            }
        }
    }

    /// Prints what `error` says and ends the program with the status it stands for.
    static func end(after error: any Error) -> Never {
        if let outcome = error as? CommandOutcome { leave(outcome.status.rawValue) }
        if let text = result(in: error) {
            if !text.isEmpty { Terminal.out(text) }
            leave()
        }
        let kind = kind(of: error)
        var message = "\(error)"
        if kind == .interrupted {
            message = "interrupted: stopped cleanly; the same command goes on from here"
            Terminal.error(message)
        } else if error is any ExplainedError {
            Terminal.error(RemedyText.error(error))
        } else {
            message = Tandem.message(for: error)
            Terminal.error(Tandem.fullMessage(for: error))
        }
        printJSON(error, of: kind, saying: message)
        leave(kind.status.rawValue)
    }

    /// Says on standard output what ended the command, where `--json` asks for a document and there is none yet.
    private static func printJSON(_ error: any Error, of kind: Kind, saying message: String) {
        let options = CommandLine.arguments.prefix { $0 != "--" }
        // Of two forms at once neither is asked for.
        guard options.contains("--json"), !options.contains("--csv"), !Terminal.hasOutput else { return }
        if let text = try? ReportJSON.text(ErrorJSON(error, of: kind, saying: message)) { Terminal.out(text) }
    }

    /// What is printed of an "error" that is a result, such as help; `nil` of a true one.
    private static func result(in error: any Error) -> String? {
        guard !(error is any ExplainedError), !(error is CancellationError), Tandem.exitCode(for: error).isSuccess
        else { return nil }
        return Tandem.fullMessage(for: error)
    }

    static func kind(of error: any Error) -> Kind {
        switch error {
        case is CancellationError: .interrupted
        case is ConfigurationProblems: .configuration
        case is PlanProblems: .plan
        case is UsageError: .usage
        case is any ExplainedError: .failed
        // The parser's own errors are the user's usage; anything else that reaches this place is a failure.
        default: Tandem.exitCode(for: error) == .validationFailure ? .usage : .failed
        }
    }
}

/// A command has said all there is to say and ends with a status other than 0.
struct CommandOutcome: Error {
    var status: ExitStatus
}
