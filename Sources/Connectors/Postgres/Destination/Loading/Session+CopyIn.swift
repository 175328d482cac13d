import CLibPQ
import Glibc

extension Session {
    /// Runs `COPY … FROM STDIN (FORMAT binary)`, with the rows that `send` hands to ``sendCopy(_:)``. Inside a
    /// transaction only.
    ///
    /// - Returns: How many rows the server has stored.
    func copyIn(_ sql: String, _ send: () throws -> Void) throws -> Int {
        try beginCopyIn(sql)
        let limit = sendLimit
        sendLimit = 0
        defer { sendLimit = limit }
        do {
            try RowEncoder.header.withUnsafeBytes { try sendCopy($0) }
            try send()
            try RowEncoder.trailer.withUnsafeBytes { try sendCopy($0) }
            return try endCopyIn()
        } catch {
            abandonCopyIn()
            throw error
        }
    }

    /// Milliseconds that a server may leave what is sent to it; 0 for the kernel's own limit.
    ///
    /// It counts also while the server is there and takes nothing, which rows may have to wait for: where its disk is
    /// slow, or a trigger is.
    var sendLimit: UInt32 {
        get {
            var (limit, size) = (UInt32(0), socklen_t(MemoryLayout<UInt32>.size))
            getsockopt(PQsocket(connection), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, &size)
            return limit
        }
        set {
            var limit = newValue
            setsockopt(
                PQsocket(connection),
                Int32(IPPROTO_TCP),
                TCP_USER_TIMEOUT,
                &limit,
                socklen_t(MemoryLayout<UInt32>.size)
            )
        }
    }

    private func beginCopyIn(_ sql: String) throws {
        asked = [sql]
        guard PQsendQuery(try live(), sql) == 1 else { throw lost() }
        try flush()
        guard let result = try nextResult() else {
            throw PostgresError.malformed(endpoint, what: "no answer to a COPY")
        }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_IN else {
            let failure = error(of: result)
            _ = try? copyResult()
            throw failure
        }
    }

    /// How much is handed over at once, so that little waits in memory twice.
    private static var pieceSize: Int { 256 << 10 }

    /// Sends rows, as ``RowEncoder`` writes them.
    ///
    /// - Throws: The server's error where it has refused earlier ones.
    func sendCopy(_ bytes: UnsafeRawBufferPointer) throws {
        var at = 0
        while at < bytes.count {
            let count = min(Self.pieceSize, bytes.count - at)
            guard let start = bytes.baseAddress.map({ $0 + at }) else { return }
            switch PQputCopyData(try live(), start.assumingMemoryBound(to: CChar.self), Int32(count)) {
            case 1: at += count
            // Its buffer is full.
            case 0: try wait(POLLIN | POLLOUT)
            default: throw refusal()
            }
            try flushCopy()
        }
    }

    private func endCopyIn() throws -> Int {
        while true {
            let sent = PQputCopyEnd(try live(), nil)
            if sent == 1 { break }
            guard sent == 0 else { throw refusal() }
            try wait(POLLIN | POLLOUT)
            try flushCopy()
        }
        try flush()
        return try copyResult()
    }

    /// Ends the COPY so that nothing of it stays. Closes the session where that cannot be made sure of.
    private func abandonCopyIn() {
        guard let connection, isOpen, !interruption.isRaised else { return close() }
        // It may have ended already.
        guard PQputCopyEnd(connection, "given up") == 1 else { return }
        do { try flush() } catch { return close() }
        _ = try? copyResult()
    }

    /// What the server says to a COPY that has ended.
    private func copyResult() throws -> Int {
        var stored: Int?
        var failure: PostgresError?
        while let result = try nextResult() {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK: stored = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? stored
            // Reported again and again where the connection broke.
            case PGRES_COPY_IN: throw lost()
            default: failure = failure ?? error(of: result)
            }
        }
        if let failure {
            if !isOpen { close() }
            throw failure
        }
        guard let stored else { throw PostgresError.malformed(endpoint, what: "no count of the rows it stored") }
        return stored
    }

    /// Sends what libpq holds, and takes what the server says meanwhile: it may have refused a row.
    private func flushCopy() throws {
        while true {
            let connection = try live()
            let rest = PQflush(connection)
            if rest == 0 { return }
            guard rest == 1 else { throw refusal() }
            try wait(POLLIN | POLLOUT)
            guard PQconsumeInput(connection) == 1 else { throw refusal() }
        }
    }

    /// The server's own error where it gave one before the connection, or the COPY, broke off.
    private func refusal() -> any Error {
        guard isOpen else { return lost() }
        do {
            _ = try copyResult()
            return lost()
        } catch {
            return error
        }
    }
}
