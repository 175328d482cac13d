import Foundation

/// Keeps two runs of one sync from overlapping, until it is released or its process ends.
package final class SyncLock: Sendable {
    private let lock: FileLock

    /// - Parameter folder: Where the state is kept; made if it is not there.
    /// - Throws: ``StateError/running(sync:pid:)``; ``StateError/unwritable(path:reason:)`` where no lock can be made,
    ///   which need not keep a sync from running.
    package init(sync: String, folder: String) throws(StateError) {
        try makeFolder(folder)
        let path = "\(folder)/\(sync).lock"
        do throws(FileLock.Failure) {
            lock = try FileLock(path: path, waiting: false)
        } catch {
            switch error {
            case .held: throw .running(sync: sync, pid: Self.holder(path))
            case .system(let code): throw .unwritable(path: path, reason: String(cString: strerror(code)))
            }
        }
        lock.write("\(getpid())\n")
    }

    package func release() { lock.release() }

    private static func holder(_ path: String) -> Int32? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return Int32(String(decoding: data, as: UTF8.self).filter(\.isNumber))
    }
}

/// Makes a folder that only its owner can look into.
func makeFolder(_ folder: String) throws(StateError) {
    guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
    throw .unwritable(path: folder, reason: String(cString: strerror(errno)))
}
