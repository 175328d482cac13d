import Foundation
import Synchronization

/// A lock between processes, which the system gives back when the process ends, however it ends.
final class FileLock: Sendable {
    enum Failure: Error {
        case held
        case system(Int32)
    }

    /// -1 once released.
    private let descriptor: Atomic<Int32>

    /// - Parameter waiting: Whether to wait for another holder rather than to fail.
    init(path: String, waiting: Bool) throws(Failure) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(errno) }
        while flock(file, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            if reason == EINTR { continue }
            close(file)
            throw reason == EWOULDBLOCK ? .held : .system(reason)
        }
        descriptor = Atomic(file)
    }

    /// Replaces what the file holds, for those who find it locked.
    func write(_ text: String) {
        let file = descriptor.load(ordering: .relaxed)
        let bytes = Array(text.utf8)
        // Whoever reads it copes with an empty file, so a full disk does no harm here.
        _ = ftruncate(file, 0)
        _ = pwrite(file, bytes, bytes.count, 0)
    }

    func release() {
        let file = descriptor.exchange(-1, ordering: .relaxed)
        guard file >= 0 else { return }
        // Closing is not enough where a process is just being started, which has all that is open here until it begins.
        flock(file, LOCK_UN)
        close(file)
    }

    deinit { release() }
}
