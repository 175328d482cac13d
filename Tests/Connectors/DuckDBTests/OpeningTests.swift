import Foundation
import Glibc
import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Files that cannot be opened, and what the user is told.
@Suite struct OpeningTests {
    private let folder: WarehouseFolder

    init() throws { folder = try WarehouseFolder() }

    private func load(_ destination: DuckDBDestination, rows: Int = 3) async throws {
        let sample = SampleTable(TableName(schema: "shop", table: "orders"), ids: 0..<rows)
        _ = try await destination.load(BatchRows(sample.batches(), schema: sample.schema), into: sample.schema.name)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        let copy = SyncedTable(target: sample.schema.name, schema: sample.schema, rows: rows, moment: moment)
        try await destination.publish([copy], retiring: [], of: "sync")
    }

    @Test func asksWithoutMakingTheFile() async throws {
        let destination = folder.destination()
        #expect(try await destination.tables(of: "sync").isEmpty)
        try await destination.forget("sync", tables: nil)
        #expect(try await destination.teardown().isEmpty)
        try await destination.discard([TableName(schema: "shop", table: "orders")])
        await #expect(throws: DuckDBError.missing(path: folder.file())) { try await destination.query("SELECT 1") }
        let findings = await destination.check()
        #expect(findings.allSatisfy { $0.severity == .ok })
        #expect(!FileManager.default.fileExists(atPath: folder.file()))
    }

    @Test func folderMissing() async throws {
        let path = folder.file("nowhere/w.duckdb")
        await #expect(throws: DuckDBError.noFolder(path: path)) {
            try await load(folder.destination("nowhere/w.duckdb"))
        }
        #expect(await folder.destination("nowhere/w.duckdb").check().map(\.severity) == [.error])
    }

    @Test func folderInPlaceOfTheFile() async throws {
        await #expect(throws: DuckDBError.isFolder(path: folder.path)) {
            try await load(folder.destination(folder.path))
        }
    }

    /// Such as `/dev/null`, which is empty, and was removed for that.
    @Test func deviceInPlaceOfTheFile() async throws {
        let pipe = folder.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        await #expect(throws: DuckDBError.isDevice(path: pipe)) { try await load(folder.destination(pipe)) }
        #expect(FileFacts.kind(pipe) == .device, "it is still there")
    }

    @Test func notADatabase() async throws {
        for content in ["id,name\n1,x\n", String(repeating: "not a database ", count: 10_000), "x"] {
            try content.write(toFile: folder.file(), atomically: false, encoding: .utf8)
            await #expect(throws: DuckDBError.notADatabase(path: folder.file())) {
                try await load(folder.destination())
            }
            #expect(try String(contentsOfFile: folder.file(), encoding: .utf8) == content)
        }
    }

    @Test func emptyFileIsAWarehouseToBe() async throws {
        try Data().write(to: URL(filePath: folder.file()))
        #expect(try await folder.destination().tables(of: "sync").isEmpty)
        try await load(folder.destination())
        #expect(try await folder.destination().tables(of: "sync").count == 1)
    }

    @Test func newerFile() async throws {
        try await load(folder.destination())
        try folder.patchHeader { header in
            #expect(Array(header[8..<12]) == Array("DUCK".utf8))
            header.replaceSubrange(12..<20, with: [255, 0, 0, 0, 0, 0, 0, 0])
        }
        let error = await #expect(throws: DuckDBError.self) { try await load(folder.destination()) }
        guard case .newerFile(folder.file(), _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func newerMetadata() async throws {
        try await load(folder.destination())
        try folder.sql("UPDATE tandem.version SET version = 99")
        await #expect(throws: DuckDBError.newerMetadata(path: folder.file(), version: 99)) {
            try await folder.destination().tables(of: "sync")
        }
        await #expect(throws: DuckDBError.newerMetadata(path: folder.file(), version: 99)) {
            try await load(folder.destination())
        }
    }

    /// One that was not copied whole: every look at it says so, not only the one that comes to the missing block.
    @Test func truncatedFile() async throws {
        try await load(folder.destination(), rows: 200_000)
        let size = FileFacts.size(of: folder.file())
        for missing in [1 << 18, size / 2] {
            truncate(folder.file(), size - missing)
            #expect(await folder.destination().check().contains { $0.severity == .error }, "\(missing)")
        }
        // It may end in blocks that are free.
        for missing in [size / 2, size / 4 * 3] {
            truncate(folder.file(), size - missing)
            let error = await #expect(throws: DuckDBError.self) { try await folder.destination().tables(of: "sync") }
            guard case .damaged(folder.file(), _) = error else {
                Issue.record("\(missing): \(String(describing: error))")
                continue
            }
            await #expect(throws: DuckDBError.self) { try await load(folder.destination()) }
        }
    }

    @Test func damagedLog() async throws {
        try await load(folder.destination())
        let size = try Data(contentsOf: URL(filePath: folder.file())).count
        try folder.sql("PRAGMA disable_checkpoint_on_shutdown; CREATE TABLE mine AS SELECT range AS i FROM range(1000)")
        let log = URL(filePath: folder.file() + ".wal")
        var content = try Data(contentsOf: log)
        content[content.count / 2] ^= 0xFF
        try content.write(to: log)
        let error = await #expect(throws: DuckDBError.self) { try await load(folder.destination()) }
        guard case .damagedLog(folder.file(), _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try Data(contentsOf: URL(filePath: folder.file())).count == size)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere")) func unwritable() async throws {
        try await load(folder.destination())
        chmod(folder.file(), 0o444)
        await #expect(throws: DuckDBError.unwritable(path: folder.file())) { try await load(folder.destination()) }
        #expect(try await folder.destination().tables(of: "sync").count == 1)
        chmod(folder.path, 0o555)
        await #expect(throws: DuckDBError.unwritable(path: folder.file("new"))) {
            try await load(folder.destination("new"))
        }
        chmod(folder.path, 0o755)
    }

    @Test func waitsForAnotherProcess() async throws {
        try await load(folder.destination())
        let holder = try LockHolder(folder.file())
        let said = Mutex<[String]>([])
        let destination = folder.destination(lockTimeout: 60) { message in
            said.withLock { $0.append(message) }
            // Only now, so that the wait is real.
            holder.release()
        }
        try await load(destination, rows: 5)
        #expect(try await folder.destination().tables(of: "sync").map(\.rows) == [5])
        let messages = said.withLock { $0 }
        #expect(messages.count == 1)
        #expect(messages.first?.contains("process \(holder.process)") == true, "\(messages)")
    }

    /// What is noted is asked of the file once, and again as soon as anybody has written to it.
    @Test func answersAreAsOldAsTheFile() async throws {
        let (writing, asking) = (folder.destination(), folder.destination(lockTimeout: 0))
        func slot(_ number: Int) -> MadeObject {
            MadeObject(sync: "sync", project: "p", kind: .slot, name: "slot\(number)", place: "here")
        }
        for number in 0..<40 {
            try await writing.note(made: [slot(number)], gone: number > 0 ? [slot(number - 1)] : [])
            // At once, whatever steps the system counts time in.
            #expect(try await asking.made(of: "sync") == [slot(number)])
            #expect(try await asking.made(of: "sync") == [slot(number)])
        }
        let path = FileFacts.canonical(folder.file())
        while FileVersion(of: path) == nil { await Task.yield() }
        #expect(try await asking.made(of: "sync") == [slot(39)])
        #expect(try await asking.stream(of: "sync", by: .logBased) == nil)
        // Who holds it now keeps nobody waiting.
        let holder = try LockHolder(folder.file())
        #expect(try await asking.made(of: "sync") == [slot(39)])
        #expect(try await asking.stream(of: "sync", by: .logBased) == nil)
        await #expect(throws: DuckDBError.self) { try await asking.tables(of: "sync") }
        holder.release()
    }

    @Test func givesUpWaiting() async throws {
        try await load(folder.destination())
        let holder = try LockHolder(folder.file())
        defer { holder.release() }
        let error = await #expect(throws: DuckDBError.self) { try await load(folder.destination(lockTimeout: 0)) }
        guard case .locked(folder.file(), let who, 0) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(who.contains("python") && who.contains("\(holder.process)"))
        let findings = await folder.destination().check()
        #expect(findings.contains { $0.severity == .warning && $0.message.contains("\(holder.process)") })
    }

    @Test func readersInThisProcessAreWaitedFor() async throws {
        try await load(folder.destination(), rows: 10_000)
        let reading = folder.destination()
        let copy = try #require(try await reading.tables(of: "sync").first)
        let reader = try await reading.rows(of: copy, as: copy.schema).makeReader()
        await #expect(throws: DuckDBError.self) { try await load(folder.destination(lockTimeout: 0)) }
        while try reader.next() != nil {}
        try await load(folder.destination(lockTimeout: 0))
    }

    /// A file's log may take seconds to be replayed.
    @Test func nobodyWaitsForAnotherFile() async throws {
        let path = FileFacts.canonical(folder.file("slow.duckdb"))
        do {
            let session = try folder.user(of: try #require(try DatabaseFile.open(path, .write, options: [])))
            try session.run(
                """
                PRAGMA disable_checkpoint_on_shutdown; SET wal_autocheckpoint = '1TB';
                CREATE TABLE t (i INT, t VARCHAR);
                """,
                to: "leave a log"
            )
            // Whole groups of rows would go to the file itself.
            for _ in 0..<15 {
                try session.run("INSERT INTO t SELECT range, md5(range::VARCHAR) FROM range(100000)", to: "fill it")
            }
        }
        #expect(FileFacts.size(of: path + ".wal") > 50_000_000)
        let other = FileFacts.canonical(folder.file())
        let isOpen = Mutex(false)
        let slow = Thread {
            let file = try? DatabaseFile.open(path, .write, options: [])
            isOpen.withLock { $0 = true }
            withExtendedLifetime(file) {}
        }
        slow.start()
        while !Self.openFiles().contains(path), isOpen.withLock({ !$0 }) { await Task.yield() }
        // On a busy machine it may all be over before this looks.
        let isTold = isOpen.withLock { !$0 }
        let file = try DatabaseFile.open(other, .write, options: [])
        #expect(!isTold || isOpen.withLock { !$0 }, "it was waited for")
        #expect(file != nil)
        while isOpen.withLock({ !$0 }) { await Task.yield() }
    }

    private static func openFiles() -> Set<String> {
        let folder = "/proc/self/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return Set(names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") })
    }
}
