import GRDB
import GRDBSQLite

/// A statement that is run for thousands of rows at a time: GRDB's arguments and rows cost more than what SQLite does
/// for one. Used within one call to its database.
struct RowStatement {
    private let statement: Statement
    private var handle: OpaquePointer { statement.sqliteStatement }

    init(_ db: Database, _ sql: String) throws {
        statement = try db.cachedStatement(sql: sql)
        // It may have been left in the middle, by an error.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    func bind(_ number: Int64, at place: Int32) { sqlite3_bind_int64(handle, place, number) }

    func bind(_ number: Double, at place: Int32) { sqlite3_bind_double(handle, place, number) }

    func bind(_ text: String, at place: Int32) {
        var text = text
        text.withUTF8 { bytes in
            _ = bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text64(handle, place, $0.baseAddress, UInt64($0.count), transient, UInt8(SQLITE_UTF8))
            }
        }
    }

    /// A BLOB, also where there are no bytes; `nil` for NULL.
    func bind(_ bytes: [UInt8]?, at place: Int32) {
        guard let bytes else {
            sqlite3_bind_null(handle, place)
            return
        }
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(handle, place, 0)
        } else {
            sqlite3_bind_blob64(handle, place, bytes, UInt64(bytes.count), transient)
        }
    }

    /// SQLite copies what it is given.
    private var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    /// Runs it to its end. What is bound stays so.
    func run() throws { while try step() {} }

    /// Whether there is a row; where there is none, it can be run again.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        case let code:
            let message = sqlite3_errmsg(sqlite3_db_handle(handle)).map { String(cString: $0) }
            sqlite3_reset(handle)
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }

    /// Ends it at a row.
    func reset() { sqlite3_reset(handle) }

    /// How many rows it has changed.
    var changes: Int32 { sqlite3_changes(sqlite3_db_handle(handle)) }

    func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// Valid until the next step.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }
}
