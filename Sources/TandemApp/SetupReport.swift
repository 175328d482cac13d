package import TandemCore

/// What an administrator runs, and whether it has been run.
package struct SetupReport: Codable, Sendable {
    package struct Step: Codable, Sendable {
        package var comment: String
        package var sql: String
    }

    package var steps: [Step]
    package var advice: [String]
    package var applied: Bool

    package init(_ script: SetupScript) {
        steps = script.steps.map { Step(comment: $0.comment, sql: $0.sql) }
        advice = script.advice
        applied = script.applied
    }
}
