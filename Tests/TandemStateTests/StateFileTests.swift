import Foundation
import GRDB
import Synchronization
import TandemCore
import TandemRows
import TandemState
import TandemTesting
import Testing

struct StateFileTests {
    let folder = ScratchFolder()
    var path: String { folder.path + "/.tandem/state.sqlite" }
    let orders = TableName(schema: "public", table: "orders")

    /// Does to the file what Tandem would not.
    private func execute(_ sql: String) throws {
        try DatabaseQueue(path: path, configuration: .patient).write { try $0.execute(sql: sql) }
    }

    @Test func itIsMadeOnFirstUseForItsOwnerOnly() async throws {
        #expect(try StateStore.openIfPresent(at: path) == nil)
        #expect(try StateStore.read(at: path) == nil)
        let store = try StateStore.open(at: path)
        _ = try await store.beginRun(of: "shop")
        for (file, rights) in [(path, 0o600), (path + "-wal", 0o600), (folder.path + "/.tandem", 0o700)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == rights, "\(file)")
        }
        #expect(try StateStore.read(at: path) != nil)
    }

    @Test func readingLeavesTheFileAsItIs() async throws {
        do {
            let store = try StateStore.open(at: path)
            try await store.finishRun(store.beginRun(of: "shop"), .succeeded)
        }
        // The store's last user may be a thread that is still about to end, and what it wrote comes into the file then.
        let deadline = ContinuousClock.now + .seconds(30)
        while FileManager.default.fileExists(atPath: path + "-wal"), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        let before = try Data(contentsOf: URL(filePath: path))
        let read = try #require(try StateStore.read(at: path))
        #expect(try await read.lastRun(of: "shop")?.outcome == .succeeded)
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test func whatIsBeingWrittenIsRead() async throws {
        let writer = try StateStore.open(at: path)
        let run = try await writer.beginRun(of: "shop")
        #expect(try await StateStore.read(at: path)?.lastRun(of: "shop")?.id == run)
    }

    @Test func aFileOfAnOlderVersionIsReadWithoutBringingItUpToDate() async throws {
        do {
            let store = try StateStore.open(at: path)
            try await store.finishRun(store.beginRun(of: "shop"), .succeeded)
        }
        try execute(
            """
            ALTER TABLE run DROP COLUMN changes; ALTER TABLE run DROP COLUMN transactions;
            ALTER TABLE run DROP COLUMN stream_time;
            DELETE FROM grdb_migrations WHERE identifier LIKE '2%';
            """
        )
        let read = try #require(try StateStore.read(at: path))
        #expect(try await read.lastRun(of: "shop")?.outcome == .succeeded)
        let columns = try await DatabaseQueue(path: path, configuration: .patient).read {
            try $0.columns(in: "run").map(\.name)
        }
        #expect(!columns.contains("changes"))
    }

    @Test func aFolderThatCannotBeWrittenIsRead() async throws {
        do {
            let store = try StateStore.open(at: path)
            try await store.finishRun(store.beginRun(of: "shop"), .succeeded)
        }
        let folder = folder.path + "/.tandem"
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) { chmod(folder + "/" + file, 0o400) }
        chmod(folder, 0o500)
        // Rights do not hold root up, but a read-only file system does, where one can be had.
        let isMounted = geteuid() == 0 && mountReadOnly(folder)
        defer {
            if isMounted { umount2(folder, Int32(MNT_DETACH)) }
            chmod(folder, 0o700)
        }
        let read = try #require(try StateStore.read(at: path))
        #expect(try await read.lastRun(of: "shop")?.outcome == .succeeded)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount the small disk this needs"))
    func aFullDiskIsRead() async throws {
        let disk = try SmallDisk(megabytes: 1, at: folder.path + "/disk")
        let path = disk.path + "/state.sqlite"
        do {
            let store = try StateStore.open(at: path)
            try await store.finishRun(store.beginRun(of: "shop"), .succeeded)
        }
        let filler = fopen(disk.path + "/filler", "w")
        while fwrite([UInt8](repeating: 1, count: 4096), 1, 4096, filler) == 4096, fflush(filler) == 0 {}
        fclose(filler)
        let read = try #require(try StateStore.read(at: path))
        #expect(try await read.lastRun(of: "shop")?.outcome == .succeeded)
    }

    private func mountReadOnly(_ folder: String) -> Bool {
        guard mount(folder, folder, nil, UInt(MS_BIND), nil) == 0 else { return false }
        return mount(nil, folder, nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil) == 0
    }

    @Test func whatOneHasWrittenAnotherReads() async throws {
        let first = try StateStore.open(at: path)
        let second = try StateStore.open(at: path)
        let run = try await first.beginRun(of: "shop")
        #expect(try await second.lastRun(of: "shop")?.id == run)
        try await second.finishRun(run, .succeeded)
        #expect(try await first.lastRun(of: "shop")?.outcome == .succeeded)
    }

    @Test func manyMayMakeItAtOnce() async throws {
        let path = path
        try await withThrowingTaskGroup { group in
            for index in 0..<8 {
                group.addTask { _ = try await StateStore.open(at: path).beginRun(of: "sync\(index)") }
            }
            try await group.waitForAll()
        }
        let store = try StateStore.open(at: path)
        for index in 0..<8 { #expect(try await store.lastRun(of: "sync\(index)") != nil) }
    }

    @Test func aDamagedFileIsToldWithTheWayOut() throws {
        try folder.write(String(repeating: "not a database ", count: 1000), to: ".tandem/state.sqlite")
        #expect(throws: StateError.corrupt(path: path)) { try StateStore.open(at: path) }
        #expect(StateError.corrupt(path: "s").remedy?.text.contains("mv s s.damaged") == true)
    }

    @Test func aFileOfANewerVersionIsLeftAlone() async throws {
        do {
            let store = try StateStore.open(at: path)
            _ = try await store.beginRun(of: "shop")
        }
        try execute("INSERT INTO grdb_migrations VALUES ('9: the future')")
        #expect(throws: StateError.newer(path: path)) { try StateStore.open(at: path) }
    }

    @Test func aPlaceThatCannotBeWrittenIsToldAndTheRunGoesOn() async throws {
        try folder.write("", to: "file")
        let path = folder.path + "/file/state.sqlite"
        #expect { try StateStore.open(at: path) } throws: { error in
            guard case StateError.unwritable = error else { return false }
            return true
        }
        let told = Mutex<[String]>([])
        let recorder = await RunRecorder(of: "shop", in: nil) { text in told.withLock { $0.append(text) } }
        await recorder.record(.started, of: orders, id: 1, target: orders)
        await recorder.finish(.succeeded)
        #expect(told.withLock { $0 } == [])
    }

    @Test func whatGoesWrongInARunIsToldOnce() async throws {
        let store = try StateStore.open(at: path)
        let told = Mutex<[String]>([])
        let recorder = await RunRecorder(of: "shop", in: store) { text in told.withLock { $0.append(text) } }
        try execute("DROP TABLE table_state")
        for _ in 0..<3 { await recorder.record(.started, of: orders, id: 1, target: orders) }
        await recorder.finish(.succeeded)
        #expect(told.withLock { $0.count } == 1)
        #expect(told.withLock { $0.first?.hasPrefix("This run leaves no history: ") } == true)
    }

    @Test func aRunWhoseProcessIsGoneWasInterrupted() async throws {
        let store = try StateStore.open(at: path)
        let run = try await store.beginRun(of: "shop")
        for process in ["pid = 2147483646", "pid_start = 'another'"] {
            try execute("UPDATE run SET \(process)")
            let told = try await store.lastRun(of: "shop")
            #expect(told?.id == run && told?.outcome == .interrupted && told?.ended == nil)
        }
    }

    @Test func twoRunsOfOneSyncExcludeEachOther() throws {
        let tandem = folder.path + "/.tandem"
        let lock = try SyncLock(sync: "shop", folder: tandem)
        #expect(throws: StateError.running(sync: "shop", pid: getpid())) { try SyncLock(sync: "shop", folder: tandem) }
        #expect(
            "\(StateError.running(sync: "shop", pid: 7))" == "Sync \"shop\" is being run by another process, number 7."
        )
        let other = try SyncLock(sync: "other", folder: tandem)
        lock.release()
        let again = try SyncLock(sync: "shop", folder: tandem)
        again.release()
        other.release()
    }

    /// A process that is just being started has all that is open here, until it begins.
    @Test func aLockIsFreeOnceReleasedWhoeverElseHasItsFile() throws {
        let tandem = folder.path + "/.tandem"
        let lock = try SyncLock(sync: "shop", folder: tandem)
        let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
            let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
            return file?.hasSuffix("\(tandem)/shop.lock") == true ? Int32(name) : nil
        }
        let inherited = dup(try #require(links.first))
        defer { close(inherited) }
        lock.release()
        try SyncLock(sync: "shop", folder: tandem).release()
    }
}

/// A folder that goes when its test is done.
final class ScratchFolder: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/tandem-\(UUID().uuidString)"
        mkdir(path, 0o700)
    }

    func write(_ text: String, to file: String) throws {
        let path = path + "/" + file
        try FileManager.default.createDirectory(
            atPath: String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension Configuration {
    /// Waits for a store that is still being closed.
    static var patient: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(60)
        return configuration
    }
}
