import CLibPQ
import Glibc

extension ReplicationSession {
    /// Starts to receive what the slot `slot` has to say of transactions that were committed from `start` on.
    ///
    /// - Throws: ``PostgresError``, with the server's reason where it refuses.
    func start(slot: String, at start: LSN, options: [(name: String, value: String)]) throws {
        choosePace()
        try session.beginStreaming(ReplicationCommand.start(slot: slot, at: start, options: options))
        isStreaming = true
    }

    /// Hands the next message that has arrived to `body`. Does not wait.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: What `body` throws; ``PostgresError``, also when the server has ended the stream.
    func receive(_ body: (ReplicationMessage) throws -> Void) throws -> Bool {
        guard let connection = session.connection else { throw session.lost() }
        var message: UnsafeMutablePointer<CChar>?
        let length = PQgetCopyData(connection, &message, 1)
        if length > 0, let message {
            defer { PQfreemem(message) }
            pace.note(Int(length))
            let bytes = UnsafeRawBufferPointer(start: message, count: Int(length))
            try body(readable { () throws(MalformedReplication) in try ReplicationMessage(bytes) })
            return true
        }
        if length == 0 { return false }
        isStreaming = false
        throw session.streamEnd()
    }

    /// Waits for messages, at most `milliseconds`, and takes what has arrived from the network.
    ///
    /// While they keep coming it waits a moment longer than it has to: a server that wakes its client for every message
    /// does little else, and one that may go on sends twice as much.
    ///
    /// - Parameter isPrompt: Whether what comes is waited for, so that the moment is to be short unless much comes.
    /// - Returns: Whether something arrived.
    /// - Throws: ``PostgresError``; `CancellationError`, after which the stream can still be used.
    func wait(milliseconds: Int, isPrompt: Bool = false) throws -> Bool {
        guard let connection = session.connection else { throw session.lost() }
        var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        // Not waited for by poll, which would have the server wake us for its next message: that costs it more than
        // sending does.
        if isBusy, milliseconds > 0 {
            let next = pace.next(unread: unread(), isPrompt: isPrompt)
            let pause = min(next, UInt32(clamping: milliseconds) &* 1000)
            if pause > 0 { usleep(pause) }
        }
        if poll(&socket, 1, 0) > 0 { return try take() }
        isBusy = false
        var rest = Int32(clamping: milliseconds)
        while rest > 0 {
            try interruption.check()
            let ready = poll(&socket, 1, min(rest, Interruption.interval))
            if ready > 0 { return try take() }
            if ready < 0 && errno != EINTR { throw session.lost(String(cString: strerror(errno))) }
            rest -= Interruption.interval
        }
        try interruption.check()
        return false
    }

    /// Has the kernel keep little unread of what comes from this machine, and nothing else: over a network the room is
    /// what may travel at once.
    private func choosePace() {
        guard let address = PQhostaddr(session.connection).map({ String(cString: $0) }),
            address.hasPrefix("127.") || address == "::1"
        else { return }
        pace = .withinMachine
        guard var room = pace.room else { return }
        setsockopt(PQsocket(session.connection), SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    }

    /// What has arrived and was not taken from the network yet, in bytes.
    private func unread() -> Int {
        var count: Int32 = 0
        return ioctl(PQsocket(session.connection), UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    private func take() throws -> Bool {
        isBusy = true
        pace.look(finding: unread())
        guard PQconsumeInput(session.connection) == 1 else {
            isStreaming = false
            throw session.streamEnd()
        }
        return true
    }

    /// Tells the server that everything before `confirmed` is safe, and that we are there.
    ///
    /// - Parameter isReplyWanted: Whether it is to say at once how far it has come.
    func sendStatus(confirmed: LSN, isReplyWanted: Bool = false) throws {
        guard isStreaming, let connection = session.connection else { return }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let time = Int64(now.tv_sec - 946_684_800) * 1_000_000 + Int64(now.tv_nsec / 1000)
        var status: [UInt8] = [UInt8(ascii: "r")]
        for number in [confirmed.rawValue, confirmed.rawValue, confirmed.rawValue, UInt64(bitPattern: time)] {
            withUnsafeBytes(of: number.bigEndian) { status.append(contentsOf: $0) }
        }
        status.append(isReplyWanted ? 1 : 0)
        let sent = status.withUnsafeBytes { bytes in
            PQputCopyData(connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        // What does not leave now leaves with the next one; there is room for many.
        guard sent == 1, PQflush(connection) >= 0 else { throw session.lost() }
    }

    /// Ends the stream in good order, if the server follows soon, and then the connection.
    func end() {
        defer { close() }
        guard isStreaming, let connection = session.connection, PQputCopyEnd(connection, nil) == 1 else { return }
        let limit = ContinuousClock.now + .seconds(1)
        // In the middle of a large transaction it goes on sending. What it sends is dropped, for bytes left unread
        // would make it lose our last words.
        while ContinuousClock.now < limit, PQflush(connection) >= 0 {
            var message: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(connection, &message, 1)
            PQfreemem(message)
            if length < 0 { return }
            guard length == 0 else { continue }
            var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            poll(&socket, 1, 10)
            guard PQconsumeInput(connection) == 1 else { return }
        }
    }
}

extension Session {
    /// Runs a command of the replication protocol, and returns its rows.
    func command(_ command: String) throws -> QueryRows {
        asked = [command]
        guard PQsendQuery(try live(), command) == 1 else { throw lost() }
        return try lastResult()
    }

    /// Runs `command`, which begins a COPY in both directions.
    func beginStreaming(_ command: String) throws {
        asked = [command]
        guard PQsendQuery(try live(), command) == 1 else { throw lost() }
        try flush()
        guard let result = try nextResult() else {
            throw PostgresError.malformed(endpoint, what: "no answer to START_REPLICATION")
        }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_BOTH else {
            let failure = error(of: result)
            while let rest = try nextResult() { PQclear(rest) }
            throw failure
        }
    }

    /// Why a stream that should go on has ended, in the server's words where it had any; closes the connection.
    func streamEnd() -> PostgresError {
        var failure: PostgresError?
        while failure == nil, let connection, PQisBusy(connection) == 0, let result = PQgetResult(connection) {
            defer { PQclear(result) }
            let status = PQresultStatus(result)
            if status == PGRES_FATAL_ERROR { failure = error(of: result) }
            // A stream that is cut off reports itself again and again.
            guard status == PGRES_COMMAND_OK else { break }
        }
        let ended = failure ?? lost()
        close()
        return ended
    }
}
