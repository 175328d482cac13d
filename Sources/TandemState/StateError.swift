import Foundation
import GRDB
package import TandemCore

/// What goes wrong with the files Tandem keeps for itself. They hold history only: no row depends on them.
package enum StateError: ExplainedError, Hashable {
    case unwritable(path: String, reason: String)
    case full(path: String)
    case corrupt(path: String)
    case newer(path: String)
    case busy(path: String)
    case failed(path: String, reason: String)
    /// Another process runs the sync.
    case running(sync: String, pid: Int32?)

    package var description: String {
        switch self {
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)."
        case .full(let path): "The disk that holds \(path) is full."
        case .corrupt(let path): "\(path) is damaged, or not a file of Tandem's."
        case .newer(let path): "\(path) was written by a newer version of Tandem."
        case .busy(let path): "\(path) is held by another process."
        case .failed(let path, let reason): "\(path) cannot be used: \(reason)."
        case .running(let sync, let pid):
            "Sync \"\(sync)\" is being run by another process" + (pid.map { ", number \($0)." } ?? ".")
        }
    }

    package var remedy: Remedy? {
        switch self {
        case .unwritable: Remedy("Make its folder writable, or keep the state elsewhere with `--state FILE`.")
        case .full: Remedy("Free some space, or keep the state elsewhere with `--state FILE`.")
        case .corrupt(let path):
            Remedy(
                "Move it away (mv \(path) \(path).damaged): the next run starts a new one, and only history is lost."
            )
        case .newer(let path):
            Remedy("Use that version, or move the file away (mv \(path) \(path).newer): only history is lost.")
        case .busy: Remedy("Wait for the other process, or stop it.")
        case .failed: nil
        case .running: Remedy("Wait until it is done, or stop it.")
        }
    }

    package var isTransient: Bool {
        switch self {
        case .busy, .running: true
        default: false
        }
    }

    init(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else {
            self = .failed(path: path, reason: "\(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path)
        case .SQLITE_FULL: self = .full(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
        case .SQLITE_READONLY: self = .unwritable(path: path, reason: "it is read-only")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self = .unwritable(path: path, reason: "permission denied, or no such folder")
        case .SQLITE_IOERR where errno == ENOSPC: self = .full(path: path)
        default: self = .failed(path: path, reason: error.message ?? "SQLite error \(error.resultCode.rawValue)")
        }
    }
}
