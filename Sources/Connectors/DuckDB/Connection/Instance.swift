import CDuckDB
import Synchronization

/// DuckDB itself, running until this object goes, without a file of its own: files are attached to it. A file that it
/// was opened on would have a name that DuckDB chooses, and refuses for some (`main.duckdb`).
///
/// Starting it takes ten times as long as attaching a file does.
final class Instance: Sendable {
    let handle: Handle
    let options: [String: String]
    /// Table functions that are registered, and not in use.
    private let feeds = Mutex<[RowFeed]>([])

    // Unchecked because DuckDB allows its calls from any thread.
    struct Handle: @unchecked Sendable { let pointer: duckdb_database }

    init(options: [(name: String, value: String)]) throws {
        self.options = Dictionary(options) { $1 }
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
        let place = ":memory:"
        guard duckdb_open_ext(place, &database, config, &message) == DuckDBSuccess, let database else {
            defer { duckdb_free(message) }
            let reason = message.map { String(cString: $0) } ?? "it does not say why"
            throw DuckDBFailure(reason: reason, type: DUCKDB_ERROR_IO).explained(path: place, action: "start")
        }
        handle = Handle(pointer: database)
    }

    deinit {
        var pointer: duckdb_database? = handle.pointer
        duckdb_close(&pointer)
    }

    func connect() throws -> duckdb_connection {
        defer { withExtendedLifetime(self) {} }
        var connection: duckdb_connection?
        guard duckdb_connect(handle.pointer, &connection) == DuckDBSuccess, let connection else {
            throw DuckDBError.failed(action: "connect", reason: "it does not say why")
        }
        return connection
    }

    /// Runs a statement over a connection of its own, in the name of the file at `path`.
    func run(_ sql: String, path: String, to action: String) throws {
        var connection: duckdb_connection? = try connect()
        defer { duckdb_disconnect(&connection) }
        var result = duckdb_result()
        defer { duckdb_destroy_result(&result) }
        guard duckdb_query(connection, sql, &result) != DuckDBSuccess else { return }
        let reason = duckdb_result_error(&result).map { String(cString: $0) } ?? "it does not say why"
        throw DuckDBFailure(reason: reason, type: DUCKDB_ERROR_IO).explained(path: path, action: action)
    }
}

extension Instance {
    /// A table function that nobody else uses. Functions stay as long as the instance does, so they are used again.
    func takeFeed() throws -> RowFeed {
        if let feed = feeds.withLock({ $0.popLast() }) { return feed }
        var connection: duckdb_connection? = try connect()
        defer { duckdb_disconnect(&connection) }
        let feed = RowFeed()
        if let connection { try feed.register(with: connection) }
        return feed
    }

    func giveBack(_ feed: RowFeed) { feeds.withLock { $0.append(feed) } }
}
