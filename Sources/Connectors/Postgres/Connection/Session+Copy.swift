import CLibPQ
import Glibc
import TandemRows

extension Session {
    /// Starts `COPY … TO STDOUT`, whose rows ``receiveRows(into:skipping:)`` takes. Inside a transaction only.
    func beginCopy(_ sql: String) throws {
        guard PQsendQuery(try live(), sql) == 1 else { throw lost() }
        try flush()
        guard let result = try nextResult() else {
            throw PostgresError.malformed(endpoint, what: "no answer to a COPY")
        }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_OUT else {
            let failure = error(of: result)
            try drain()
            throw failure
        }
        guard PQbinaryTuples(result) == 1 else {
            close()
            throw PostgresError.malformed(endpoint, what: "a COPY in another format than asked for")
        }
    }

    /// Takes rows of a binary COPY until `buffer` is full or the COPY has ended.
    ///
    /// - Parameter position: Where in the COPY we are; rows that were taken in an earlier attempt are passed over.
    /// - Returns: Whether more is to come.
    func receiveRows(into buffer: inout TupleBuffer, at position: inout CopyPosition) throws -> Bool {
        let connection = try live()
        var looks = 0
        while !buffer.isFull {
            var message: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(connection, &message, 1)
            if length > 0, let message {
                defer { PQfreemem(message) }
                looks = 0
                let bytes = UnsafeRawBufferPointer(start: message, count: Int(length))
                do throws(MalformedRow) { try position.take(bytes, into: &buffer) } catch {
                    close()
                    throw PostgresError.malformed(endpoint, what: error.description)
                }
            } else if length == 0 {
                try awaitMore(afterLooks: looks)
                looks += 1
                // Not `receive()`: the server's last words come with the end of the stream.
                if PQconsumeInput(connection) != 1 {
                    try endCopy()
                    throw lost()
                }
            } else {
                try endCopy()
                return false
            }
        }
        return true
    }

    /// Waits for more of a COPY: looks again at once, then after a nap, then sleeps until the server wakes it.
    ///
    /// A server sends 8 KiB at a time. To be woken for each costs both sides more than the bytes do; while this naps,
    /// they gather in the socket.
    private func awaitMore(afterLooks looks: Int) throws {
        switch looks {
        case 0: return
        case 1: usleep(Self.nap)
        default: try wait(POLLIN)
        }
    }

    /// In microseconds: much less than a socket's buffer lasts.
    private static let nap: UInt32 = 200

    /// Takes what follows the rows.
    ///
    /// - Throws: What went wrong at the server in the middle of the rows.
    private func endCopy() throws {
        var failure: PostgresError?
        var isComplete = false
        while let result = try nextResult() {
            defer { PQclear(result) }
            let status = PQresultStatus(result)
            // A broken connection reports the unfinished COPY again and again.
            if status == PGRES_COPY_OUT { break }
            if status == PGRES_COMMAND_OK { isComplete = true } else { failure = failure ?? error(of: result) }
        }
        if let failure {
            if !isOpen { close() }
            throw failure
        }
        guard isComplete else { throw lost() }
    }

    private func drain() throws {
        while let result = try nextResult() { PQclear(result) }
        if !isOpen { close() }
    }
}
