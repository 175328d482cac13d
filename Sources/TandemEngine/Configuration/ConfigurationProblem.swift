package import TandemCore

/// One thing that is wrong with a configuration.
package struct ConfigurationProblem: Error, Hashable, Sendable {
    /// Counted from one. `nil` where it is about the whole file.
    package var line: Int?
    /// What is wrong and what would be right. No value of a secret.
    package var message: String

    package init(line: Int?, message: String) {
        self.line = line
        self.message = message
    }
}

/// Everything that is wrong with a configuration. Nothing has been touched.
package struct ConfigurationProblems: ExplainedError, Hashable {
    package var file: String
    /// By line, never none.
    package var problems: [ConfigurationProblem]
    package var remedy: Remedy?

    package init(file: String, problems: [ConfigurationProblem], remedy: Remedy? = nil) {
        self.file = file
        self.problems = problems
        self.remedy = remedy
    }

    package var isTransient: Bool { false }

    /// One line for each, `tandem.yaml:7: what is wrong`.
    package var description: String {
        problems.map { problem in
            problem.line.map { "\(file):\($0): \(problem.message)" } ?? "\(file): \(problem.message)"
        }
        .joined(separator: "\n")
    }
}
