import Foundation
import GRDB
package import TandemCore

/// What goes wrong with the file of a two-way sync's links.
package enum LinkStoreError: ExplainedError, Hashable {
    case unwritable(path: String, reason: String)
    case full(path: String)
    case corrupt(path: String, reason: String)
    case newer(path: String)
    case busy(path: String)
    /// It holds the links of another sync.
    case ofAnotherSync(path: String, sync: String)
    case failed(path: String, reason: String)

    package var description: String {
        switch self {
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)."
        case .full(let path): "The disk that holds \(path) is full."
        case .corrupt(let path, let reason): "\(path) is damaged, or not a file of Tandem's: \(reason)."
        case .newer(let path): "\(path) was written by a newer version of Tandem."
        case .busy(let path): "\(path) is held by another process."
        case .ofAnotherSync(let path, let sync): "\(path) holds what sync \"\(sync)\" has agreed, and not this one."
        case .failed(let path, let reason): "\(path) cannot be used: \(reason)."
        }
    }

    package var remedy: Remedy? {
        switch self {
        case .unwritable: Remedy("Make its folder writable.")
        case .full: Remedy("Free some space: what was stored is kept, and the next run goes on from there.")
        case .corrupt(let path, _):
            Remedy(
                "Put a backup of it in its place. Without one, move it away (mv \(path) \(path).damaged): the next run finds the records' counterparts again by what they match by, and fields that differ are decided as in a first sync."
            )
        case .newer: Remedy("Use that version.")
        case .busy: Remedy("Wait for the other process, or stop it.")
        case .ofAnotherSync: Remedy("Give each sync a file of its own.")
        case .failed: nil
        }
    }

    package var isTransient: Bool { if case .busy = self { true } else { false } }

    init(_ error: any Error, path: String) {
        switch error {
        case let error as LinkStoreError: self = error
        case let error as MalformedBytes:
            self = .corrupt(path: path, reason: "what is kept of a link cannot be read from byte \(error.place) on")
        case let error as DatabaseError: self.init(error, path: path)
        default: self = .failed(path: path, reason: "\(error)")
        }
    }

    private init(_ error: DatabaseError, path: String) {
        switch error.resultCode {
        case .SQLITE_CORRUPT: self = .corrupt(path: path, reason: "SQLite finds its pages damaged")
        case .SQLITE_NOTADB: self = .corrupt(path: path, reason: "it is no SQLite file")
        case .SQLITE_FULL: self = .full(path: path)
        case .SQLITE_IOERR where errno == ENOSPC: self = .full(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
        case .SQLITE_READONLY: self = .unwritable(path: path, reason: "it is read-only")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self = .unwritable(path: path, reason: "permission denied, or no such folder")
        default: self = .failed(path: path, reason: error.message ?? "SQLite error \(error.resultCode.rawValue)")
        }
    }
}
