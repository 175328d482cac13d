import Foundation
import Synchronization

/// What is at the other end of standard output and standard error.
enum Terminal {
    /// Whether standard error leads to a terminal that can be drawn on.
    static let errorCanBeDrawnOn = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Columns of the terminal behind standard error; 80 where it does not say.
    static var width: Int { columns(of: STDERR_FILENO) ?? 80 }

    /// Columns of the terminal behind standard output. `nil` where there is none: a line is as long as it is there.
    static var outputWidth: Int? { isatty(STDOUT_FILENO) == 1 ? columns(of: STDOUT_FILENO) ?? 80 : nil }

    /// Whether standard output gets colours.
    static let paintsOutput = paints(STDOUT_FILENO)
    private static let paintsErrors = paints(STDERR_FILENO)

    private static func paints(_ file: Int32) -> Bool {
        Paint.isWanted(
            CommandLine.arguments,
            environment: ProcessInfo.processInfo.environment,
            isTerminal: isatty(file) == 1
        )
    }

    private static func columns(of file: Int32) -> Int? {
        var size = winsize()
        return ioctl(file, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    /// Why standard output does not take any more, once it does not: the system's number of the error.
    static var outputFailure: Int32? { outputError.withLock { $0 } }
    private static let outputError = Mutex<Int32?>(nil)

    /// Gives standard input, output and error a place where the program was started without one: else the next file or
    /// connection would get the number, and what is printed would be written into it.
    static func settle() {
        for file in STDIN_FILENO...STDERR_FILENO where fcntl(file, F_GETFD) == -1 {
            // Not to be written to, so that what was to be printed is not lost in silence.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    private static let wasWritten = Atomic(false)

    /// Whether a result, or a part of one, has been printed.
    static var hasOutput: Bool { wasWritten.load(ordering: .relaxed) }

    /// Results.
    static func out(_ text: String) {
        let shown = outputWidth == nil ? text : PrintableText.of(text, keepsLines: true)
        put((paintsOutput ? Paint.marked(shown) : shown) + "\n")
    }

    /// A part of a result, without a line's end.
    static func put(_ text: String) {
        wasWritten.store(true, ordering: .relaxed)
        write(text, to: STDOUT_FILENO)
    }

    /// Progress, logs and errors.
    static func error(_ text: String) {
        let shown = PrintableText.of(text, keepsLines: true)
        write((paintsErrors ? Paint.marked(shown) : shown) + "\n", to: STDERR_FILENO)
    }

    /// Progress that is drawn over, without a line's end.
    static func draw(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to file: Int32) {
        guard file != STDOUT_FILENO || outputFailure == nil else { return }
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = Foundation.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else {
                    // What comes later would make a hole of what is missing.
                    if file == STDOUT_FILENO { outputError.withLock { $0 = $0 ?? errno } }
                    return
                }
                rest = rest.dropFirst(count)
            }
        }
    }
}
