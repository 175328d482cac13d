package import TandemCore

/// Somebody asks for what is not there.
package struct UsageError: ExplainedError {
    package var description: String
    package var remedy: Remedy?
    package var isTransient: Bool { false }

    package init(description: String, remedy: Remedy? = nil) {
        self.description = description
        self.remedy = remedy
    }
}
