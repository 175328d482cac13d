import Foundation
import GRDB
package import TandemCore

extension StateStore {
    /// What the store at `path` holds now, or `nil` if nothing has been run yet.
    ///
    /// It is a copy in memory, which an older file's tables are brought up to
    /// date in. The file and its folder may be read-only.
    package static func read(
        at path: String,
        clock: RunClock = .system
    ) throws(StateError) -> StateStore? {
        guard access(path, F_OK) == 0 else { return nil }
        return try store(path: path, clock: clock) { (configuration) throws(any Error) in
            let copy = try DatabaseQueue(configuration: configuration)
            do {
                try backUp(path, to: copy)
            } catch let error as DatabaseError where Self.unwritable.contains(error.resultCode) {
                // SQLite keeps an index of the log beside the file while it reads, and may or can not make one here.
                try withTemporaryCopy(of: path) { try backUp($0, to: copy) }
            }
            return copy
        }
    }

    /// Of a folder without rights, and of a full disk.
    private static let unwritable: [ResultCode] = [.SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_IOERR, .SQLITE_FULL]

    private static func backUp(_ path: String, to copy: DatabaseQueue) throws {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        try DatabaseQueue(path: path, configuration: configuration).backup(to: copy)
    }

    /// Calls `body` with the path of a copy of the file at `path`, and of what its log holds.
    private static func withTemporaryCopy(of path: String, _ body: (String) throws -> Void) throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "tandem-state-\(UUID().uuidString)").path
        try files.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        defer { try? files.removeItem(atPath: folder) }
        for suffix in ["", "-wal"] where access(path + suffix, F_OK) == 0 {
            try files.copyItem(atPath: path + suffix, toPath: folder + "/state.sqlite" + suffix)
        }
        try body(folder + "/state.sqlite")
    }
}
