import Foundation

/// What is at the other end of standard output and standard error.
enum Terminal {
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal behind standard error; 80 where it does not say.
    static var width: Int {
        var size = winsize()
        let answered = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0
        return answered && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Results.
    static func out(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// A part of a result, without a line's end.
    static func put(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Progress, logs and errors.
    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Progress that is drawn over, without a line's end.
    static func draw(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to file: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = Foundation.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                // A reader that has gone away (a closed pipe) does not want the rest.
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
