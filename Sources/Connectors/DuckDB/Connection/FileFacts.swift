#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// What the system says about a path, asked before DuckDB is and where DuckDB's own words are no help.
enum FileFacts {
    enum Kind { case missing, file, folder, device }

    static func kind(_ path: String) -> Kind {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return .missing }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .device
        }
    }

    static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }
    static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

    /// The folder that holds `path`, which is absolute.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// Bytes that an ordinary user can still write where `path` lies, or `nil` if the system does not say.
    static func freeBytes(at path: String) -> Int? {
        var facts = statvfs()
        guard statvfs(kind(path) == .missing ? folder(of: path) : path, &facts) == 0 else { return nil }
        return Int(facts.f_bavail) * Int(facts.f_frsize)
    }

    /// Bytes of the file at `path`, none if it is not there.
    static func size(of path: String) -> Int {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int(facts.st_size) : 0
    }

    /// Where the link at `path` leads, if it is one.
    static func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(PATH_MAX)) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlink(path, base, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    /// `path` without links and dots, also where the file itself is not there yet.
    static func canonical(_ path: String) -> String {
        if let real = resolved(path) { return real }
        guard let folder = resolved(folder(of: path)), let slash = path.lastIndex(of: "/") else { return path }
        return (folder == "/" ? "" : folder) + path[slash...]
    }

    /// The process that keeps others from writing to the file at `path`, if there is one.
    ///
    /// Closing a file gives up every lock this process has on it, so this is
    /// not to be asked while the file is open here.
    static func lockHolder(of path: String) -> Int? {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(file, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK) else { return nil }
        return Int(lock.l_pid)
    }

    /// Removes a file without content, which DuckDB would refuse, unless a process is about to fill it.
    static func removeIfEmpty(_ path: String) {
        guard kind(path) == .file, size(of: path) == 0, lockHolder(of: path) == nil else { return }
        unlink(path)
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
