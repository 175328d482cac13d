package import TandemCore

/// Bytes that no ``LinkChanges`` was written as.
package struct MalformedBytes: ExplainedError, Hashable {
    /// How many bytes could be read.
    package var place: Int

    package var description: String {
        "What was noted of writes that are done cannot be read from byte \(place) on: it is damaged, or of a newer version of Tandem."
    }

    package var remedy: Remedy? { Remedy("Use the version of Tandem that has run this sync last.") }
    package var isTransient: Bool { false }
}
