import TandemCore
import TandemEngine

/// What ended a command, in `--json`. It is printed where no result was, so that standard output always holds one
/// document.
struct ErrorJSON: Encodable {
    struct Content: Encodable {
        var kind: ExitStatus.Kind
        var message: String
        var remedy: Remedy?
        /// Of a configuration: its file, and each thing that is wrong with it.
        var file: String?
        var problems: [Problem]?
        var exitStatus: Int32
    }

    struct Problem: Encodable {
        var line: Int?
        var message: String
        var remedy: Remedy?
    }

    var error: Content

    init(_ error: any Error, of kind: ExitStatus.Kind, saying message: String) {
        let remedy = (error as? any ExplainedError)?.remedy
        self.error = Content(kind: kind, message: message, remedy: remedy, exitStatus: kind.status.rawValue)
        if let wrong = error as? ConfigurationProblems {
            self.error.file = wrong.file
            self.error.problems = wrong.problems.map { Problem(line: $0.line, message: $0.message) }
        } else if let wrong = error as? PlanProblems {
            self.error.problems = wrong.problems.map {
                Problem(line: $0.line, message: $0.message, remedy: $0.remedy)
            }
        }
    }
}
