import CLibPQ
import Glibc

/// The code of a server's refusal to let us in.
///
/// libpq reports such a refusal in the server's words, which may be of any language. Asked beforehand to be terse it
/// reports the code instead, but only the calls that do not wait can be asked.
enum RefusalCode {
    /// Connects once more, and returns the server's code for why it cannot be. `nil` where it gave none.
    static func ask(_ parameters: ConnectionParameters, interruption: Interruption) throws -> String? {
        guard let connection = parameters.withArrays({ PQconnectStartParams($0, $1, 1) }) else { return nil }
        defer { PQfinish(connection) }
        PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE)
        let limit = ContinuousClock.now.advanced(by: .seconds(parameters.timeout))
        var next = PGRES_POLLING_WRITING
        while next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING {
            var socket = pollfd(
                fd: PQsocket(connection),
                events: Int16(next == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                revents: 0
            )
            guard poll(&socket, 1, Interruption.interval) > 0 else {
                try interruption.check()
                guard ContinuousClock.now < limit else { return nil }
                continue
            }
            next = PQconnectPoll(connection)
        }
        return PQerrorMessage(connection).flatMap { code(in: String(cString: $0)) }
    }

    /// The last code in `words` such as `… failed: FATAL:  28P01`.
    static func code(in words: String) -> String? {
        words.split(whereSeparator: \.isNewline).last { $0.contains("failed: ") || $0.contains(":  ") }
            .flatMap { $0.split(separator: " ").last }.map(String.init)
            .flatMap { word in
                word.count == 5 && word.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) } ? word : nil
            }
    }
}
