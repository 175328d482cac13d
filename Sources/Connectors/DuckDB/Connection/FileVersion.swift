#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// A file and its log as they were at one moment: two that agree say that nothing was written in between.
struct FileVersion: Equatable {
    private let file: Part
    /// `nil` where there is no log.
    private let log: Part?

    private struct Part: Equatable {
        var (device, number): (UInt64, UInt64)
        var size: Int
        var (seconds, nanoseconds): (Int, Int)

        init?(of path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            (device, number) = (UInt64(facts.st_dev), UInt64(facts.st_ino))
            size = Int(facts.st_size)
            #if canImport(Darwin)
            let time = facts.st_mtimespec
            #else
            let time = facts.st_mtim
            #endif
            (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec)
        }

        /// Whether it was written so long ago that a later write has another time, in the steps that systems count in.
        func isSettled(at now: timespec) -> Bool {
            let age = (now.tv_sec - seconds) * 1_000_000_000 + now.tv_nsec - nanoseconds
            return age > (nanoseconds == 0 ? 3_000_000_000 : 100_000_000)
        }
    }

    /// That of a file which this process has closed just now: another one would have to be opened, written and closed
    /// within the same few milliseconds, and to the same size, for its write not to show.
    init?(left path: String) {
        guard let file = Part(of: path) else { return nil }
        (self.file, log) = (file, Part(of: path + ".wal"))
    }

    /// The present one of the file at `path`. `nil` where that is not there, or was written just now, so that one more
    /// write might not show.
    init?(of path: String) {
        self.init(left: path)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        guard file.isSettled(at: now), log?.isSettled(at: now) ?? true else { return nil }
    }
}

/// What was read of a file, for as long as that stays as it is. To open a file takes a tenth of a millisecond for each
/// table in it.
struct KnownAnswers {
    private var version: FileVersion?
    private var answers: [String: any Sendable] = [:]

    /// What was answered to `question` of this version.
    func answer<Value: Sendable>(to question: String, at version: FileVersion, as _: Value.Type) -> Value? {
        // Nothing must not be taken for an answer that is nothing.
        guard version == self.version, let answer = answers[question] else { return nil }
        return answer as? Value
    }

    /// Keeps what was answered to a question that was asked after the file was seen to be of `version`.
    mutating func keep(_ answer: some Sendable, to question: String, at version: FileVersion) {
        if version != self.version { (self.version, answers) = (version, [:]) }
        answers.updateValue(answer, forKey: question)
    }
}
