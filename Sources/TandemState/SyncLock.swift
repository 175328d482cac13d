import Foundation
import Synchronization
package import TandemCore

/// Keeps two runs of one sync from overlapping, until it is released or its process ends.
///
/// A run that follows holds it for as long as it lives. Another process that
/// needs the sync for itself for a while takes the turn, a second lock; the
/// run that follows sees that, gives the first one up at a place where it may,
/// and goes on once the turn is free again.
package final class SyncLock: Sendable {
    private let sync: String
    private let path: String
    private let follows: Bool
    private let clock: RunClock
    /// `nil` while it is given up, or once it is released.
    private let lock: Mutex<FileLock?>
    /// Held for as long as a run that follows waits.
    private let turn: FileLock?

    private static let pause = Duration.milliseconds(20)
    private static let note = "follows"

    /// - Parameters:
    ///   - folder: Where the state is kept; made if it is not there.
    ///   - follows: Whether it will give way (``isWanted``, ``giveWay()``).
    /// - Throws: ``StateError/running(sync:pid:)``; ``StateError/unwritable(path:reason:)`` where no lock can be made,
    ///   which need not keep a sync from running.
    package init(sync: String, folder: String, follows: Bool = false, clock: RunClock = .system) throws(StateError) {
        try makeFolder(folder)
        self.sync = sync
        self.follows = follows
        self.clock = clock
        path = "\(folder)/\(sync).lock"
        turn = nil
        lock = Mutex(try Self.take(path, of: sync))
        say()
    }

    /// Waits for a run that follows to give way.
    ///
    /// - Parameters:
    ///   - patience: How long; a run that does not follow is not waited for.
    ///   - notify: Called with what is waited for, once it takes a while.
    package init(
        takingTurnOf sync: String,
        folder: String,
        patience: Duration = .seconds(120),
        clock: RunClock = .system,
        notify: (String) -> Void = { _ in }
    ) async throws {
        try makeFolder(folder)
        self.sync = sync
        follows = false
        self.clock = clock
        path = "\(folder)/\(sync).lock"
        let start = clock.now
        var turn: FileLock?
        var hasSaid = false
        while true {
            do throws(StateError) {
                // Others that look whether it is taken hold it for a moment.
                if turn == nil { turn = try Self.take(path + Self.turnSuffix, of: sync) }
                lock = Mutex(try Self.take(path, of: sync))
                break
            } catch {
                guard case .running = error, turn == nil || Self.isFollowing(path), clock.now - start < patience else {
                    throw error
                }
            }
            if !hasSaid, clock.now - start > .seconds(2) {
                notify("waiting for the run of \(sync) that follows to give way")
                hasSaid = true
            }
            try await clock.sleep(for: Self.pause)
        }
        self.turn = turn
        say()
    }

    private static let turnSuffix = ".turn"

    /// Whether another process waits for its turn.
    package var isWanted: Bool {
        let path = path + Self.turnSuffix
        guard follows, access(path, F_OK) == 0 else { return false }
        do throws(FileLock.Failure) {
            try FileLock(path: path, waiting: false).release()
            return false
        } catch {
            return if case .held = error { true } else { false }
        }
    }

    /// Lets those who wait have their turn, and returns once it is held again.
    package func giveWay() async throws {
        lock.withLock { held in
            held?.release()
            held = nil
        }
        while true {
            try await clock.sleep(for: Self.pause)
            guard !isWanted else { continue }
            do throws(StateError) {
                let taken = try Self.take(path, of: sync)
                lock.withLock { $0 = taken }
                return say()
            } catch {
                guard case .running = error else { throw error }
            }
        }
    }

    package func release() {
        lock.withLock { $0?.release() }
        turn?.release()
    }

    private func say() { lock.withLock { $0?.write("\(getpid())\n" + (follows ? Self.note + "\n" : "")) } }

    private static func take(_ path: String, of sync: String) throws(StateError) -> FileLock {
        do throws(FileLock.Failure) {
            return try FileLock(path: path, waiting: false)
        } catch {
            switch error {
            case .held: throw .running(sync: sync, pid: holder(path))
            case .system(let code): throw .unwritable(path: path, reason: String(cString: strerror(code)))
            }
        }
    }

    private static func isFollowing(_ path: String) -> Bool { words(path).contains(note) }

    private static func holder(_ path: String) -> Int32? {
        Int32(words(path).filter(\.isNumber))
    }

    private static func words(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// Makes a folder that only its owner can look into.
func makeFolder(_ folder: String) throws(StateError) {
    guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
    throw .unwritable(path: folder, reason: String(cString: strerror(errno)))
}
