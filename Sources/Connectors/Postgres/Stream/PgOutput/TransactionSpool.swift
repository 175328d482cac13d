import Glibc

/// The messages of one transaction that is sent before its end, in their order, each with the subtransaction it belongs
/// to.
///
/// They lie in memory up to a limit, and then in a file that has no name any
/// more, so that nothing stays of it whatever happens.
final class TransactionSpool {
    /// What cannot be kept.
    struct Failure: Error, CustomStringConvertible {
        let reason: String
        var description: String { "changes of a transaction in progress cannot be kept: \(reason)" }
    }

    /// Places of the messages of one subtransaction, in a row.
    private struct Run {
        let xid: UInt32
        let start: Int
        var end: Int
    }

    private var runs: [Run] = []
    private var memory: [UInt8] = []
    private let limit: Int
    private var file: Int32 = -1
    private var written = 0
    /// What is read from the file, and where it begins.
    private var window: [UInt8] = []
    private var windowStart = 0

    /// - Parameter limit: Bytes that are kept in memory.
    init(limit: Int = 8 << 20) { self.limit = limit }

    deinit { if file >= 0 { close(file) } }

    private var end: Int { written + memory.count }

    /// Keeps a message of the subtransaction `xid`.
    func append(_ message: UnsafeRawBufferPointer, of xid: UInt32) throws {
        let start = end
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: message.count)) { memory.append(contentsOf: $0) }
        memory.append(contentsOf: message)
        if let last = runs.indices.last, runs[last].xid == xid {
            runs[last].end = end
        } else {
            runs.append(Run(xid: xid, start: start, end: end))
        }
        if memory.count >= limit { try flush() }
    }

    /// Forgets what a subtransaction did, which was rolled back.
    func drop(_ xid: UInt32) { runs.removeAll { $0.xid == xid } }

    /// Calls `body` with message after message from `place` on, as long as it returns `true`.
    ///
    /// - Returns: Where to go on; `nil` at the end.
    func read(from place: Place, _ body: (UnsafeRawBufferPointer) throws -> Bool) throws -> Place? {
        var place = place
        while place.run < runs.count {
            let run = runs[place.run]
            var at = max(place.offset, run.start)
            while at < run.end {
                let count = Int(try bytes(at, MemoryLayout<UInt32>.size) { $0.loadUnaligned(as: UInt32.self) })
                let goesOn = try bytes(at + MemoryLayout<UInt32>.size, count, body)
                at += MemoryLayout<UInt32>.size + count
                place.offset = at
                if !goesOn { return place }
            }
            place.run += 1
        }
        return nil
    }

    /// A place between two messages.
    struct Place {
        fileprivate var run = 0
        fileprivate var offset = 0
    }

    private func bytes<Value>(
        _ start: Int,
        _ count: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        if start >= written {
            return try memory.withUnsafeBytes {
                try body(UnsafeRawBufferPointer(rebasing: $0[(start - written)..<(start - written + count)]))
            }
        }
        if start < windowStart || start + count > windowStart + window.count {
            try fill(from: start, atLeast: count)
        }
        return try window.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[(start - windowStart)..<(start - windowStart + count)]))
        }
    }

    /// Reads ahead.
    private func fill(from start: Int, atLeast count: Int) throws {
        // A message lies in the file whole, or in memory whole.
        let size = min(max(count, 1 << 20), written - start)
        if window.count != size { window = [UInt8](repeating: 0, count: size) }
        var done = 0
        while done < size {
            let got = window.withUnsafeMutableBytes {
                pread(file, $0.baseAddress.map { $0 + done }, size - done, start + done)
            }
            guard got > 0 else {
                if got < 0, errno == EINTR { continue }
                throw Failure(reason: got == 0 ? "the file is shorter than it was" : String(cString: strerror(errno)))
            }
            done += got
        }
        windowStart = start
    }

    private func flush() throws {
        if file < 0 { file = try Self.open() }
        var done = 0
        while done < memory.count {
            let put = memory.withUnsafeBytes { bytes in
                pwrite(file, bytes.baseAddress.map { $0 + done }, bytes.count - done, written + done)
            }
            guard put > 0 else {
                if put < 0, errno == EINTR { continue }
                throw Failure(reason: String(cString: strerror(errno)))
            }
            done += put
        }
        written += memory.count
        memory.removeAll(keepingCapacity: true)
    }

    /// A new file in the folder for such, without a name.
    private static func open() throws -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var path = Array((folder + "/tandem-XXXXXX").utf8CString)
        let file = path.withUnsafeMutableBufferPointer { path -> Int32 in
            guard let start = path.baseAddress else { return -1 }
            let file = mkstemp(start)
            if file >= 0 { _ = unlink(start) }
            return file
        }
        guard file >= 0 else { throw Failure(reason: "\(folder): \(String(cString: strerror(errno)))") }
        return file
    }
}
