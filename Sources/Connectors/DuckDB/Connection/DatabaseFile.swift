import CDuckDB
import Synchronization

/// An open file, for as long as this object lives.
///
/// A process opens a file once, however many use it: the locks by which
/// DuckDB keeps processes apart do not keep a process from itself.
final class DatabaseFile: Sendable {
    enum Mode { case read, write }

    let path: String
    let mode: Mode
    /// Whether nobody in this process had the file open before.
    let isFirst: Bool
    private let handle: Handle

    // Unchecked because DuckDB allows its calls from any thread.
    struct Handle: @unchecked Sendable { let pointer: duckdb_database }

    private struct Entry {
        var handle: Handle
        var mode: Mode
        var users: Int
    }

    private static let entries = Mutex<[String: Entry]>([:])

    /// Opens the file at `path`, or joins those who have it open.
    ///
    /// - Parameter path: The canonical one (``FileFacts/canonical(_:)``).
    /// - Returns: `nil` if it is open here for reading and is now to be written.
    static func open(_ path: String, _ mode: Mode, options: [(name: String, value: String)]) throws -> DatabaseFile? {
        try entries.withLock { entries in
            if let entry = entries[path] {
                if mode == .write && entry.mode == .read { return nil }
                entries[path]?.users += 1
                return DatabaseFile(path, entry.mode, entry.handle, isFirst: false)
            }
            if mode == .write { FileFacts.removeIfEmpty(path) }
            let handle = try openHandle(path, options)
            entries[path] = Entry(handle: handle, mode: mode, users: 1)
            return DatabaseFile(path, mode, handle, isFirst: true)
        }
    }

    /// The process that keeps others from writing to the file, unless it is open in this one.
    static func lockHolder(of path: String) -> Int? {
        entries.withLock { $0[path] == nil ? FileFacts.lockHolder(of: path) : nil }
    }

    private init(_ path: String, _ mode: Mode, _ handle: Handle, isFirst: Bool) {
        self.path = path
        self.mode = mode
        self.handle = handle
        self.isFirst = isFirst
    }

    deinit {
        Self.entries.withLock { entries in
            guard let entry = entries[path], entry.users == 1 else {
                entries[path]?.users -= 1
                return
            }
            var pointer: duckdb_database? = entry.handle.pointer
            duckdb_close(&pointer)
            entries[path] = nil
        }
    }

    func connect() throws -> duckdb_connection {
        defer { withExtendedLifetime(self) {} }
        var connection: duckdb_connection?
        guard duckdb_connect(handle.pointer, &connection) == DuckDBSuccess, let connection else {
            throw DuckDBError.failed(action: "connect to \(path)", reason: "it does not say why")
        }
        return connection
    }

    private static func openHandle(_ path: String, _ options: [(name: String, value: String)]) throws -> Handle {
        var config: duckdb_config?
        guard duckdb_create_config(&config) == DuckDBSuccess else {
            throw DuckDBError.failed(action: "make its settings", reason: "it does not say why")
        }
        defer { duckdb_destroy_config(&config) }
        for (name, value) in options where duckdb_set_config(config, name, value) != DuckDBSuccess {
            throw DuckDBError.failed(action: "set \(name) to \(value)", reason: "this version does not accept it")
        }
        var database: duckdb_database?
        var message: UnsafeMutablePointer<CChar>?
        guard duckdb_open_ext(path, &database, config, &message) == DuckDBSuccess, let database else {
            defer { duckdb_free(message) }
            let reason = message.map { String(cString: $0) } ?? "it does not say why"
            throw DuckDBFailure(reason: reason, type: DUCKDB_ERROR_IO).explained(path: path, action: "open \(path)")
        }
        return Handle(pointer: database)
    }
}
