import CLibPQ
import Glibc
import TandemRows

extension Session {
    /// Starts `COPY … TO STDOUT`, whose rows ``receiveRows(into:at:)`` takes, or ``receiveLine(_:)`` where they are
    /// text. Inside a transaction only.
    func beginCopy(_ sql: String, isBinary: Bool = true) throws {
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
        guard (PQbinaryTuples(result) == 1) == isBinary else {
            close()
            throw PostgresError.malformed(endpoint, what: "a COPY in another format than asked for")
        }
    }

    /// Takes rows of a binary COPY until `buffer` is full or the COPY has ended.
    ///
    /// - Parameter position: Where in the COPY we are; rows that were taken in an earlier attempt are passed over.
    /// - Returns: Whether more is to come.
    func receiveRows(into buffer: inout TupleBuffer, at position: inout CopyPosition) throws -> Bool {
        while !buffer.isFull {
            let isMore = try receiveLine { bytes in
                do throws(MalformedRow) { try position.take(bytes, into: &buffer) } catch {
                    close()
                    throw PostgresError.malformed(endpoint, what: error.description)
                }
            }
            guard isMore else { return false }
        }
        return true
    }

    /// Takes what comes next of a COPY: in text format one row, with its newline.
    ///
    /// - Parameter take: Gets the bytes, which are valid during the call only.
    /// - Returns: Whether there was something; not so once the COPY has ended.
    @inline(__always)
    func receiveLine(_ take: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        let connection = try live()
        var hasLooked = false
        while true {
            var message: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(connection, &message, 1)
            if length > 0, let message {
                defer { PQfreemem(message) }
                try take(UnsafeRawBufferPointer(start: message, count: Int(length)))
                return true
            } else if length == 0 {
                // Looks again at once before it sleeps: under load the next bytes are there already.
                if hasLooked { try wait(POLLIN) }
                hasLooked = true
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
    }

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
            guard isOpen else {
                close()
                throw failure.endingConnection
            }
            throw failure
        }
        guard isComplete else { throw lost() }
    }

    private func drain() throws {
        while let result = try nextResult() { PQclear(result) }
        if !isOpen { close() }
    }
}
