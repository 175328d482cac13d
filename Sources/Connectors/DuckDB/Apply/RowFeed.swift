import CDuckDB
import Synchronization
import TandemCore
import TandemRows

/// A table function that lets DuckDB's own threads pull rows from a source.
///
/// DuckDB inserts on several threads only if it pulls, and it reads a row in
/// place only from a table function's vectors.
final class RowFeed: Sendable {
    /// Its name. No two have the same, because functions belong to the open file and not to a connection.
    let name = "tandem_source_\(number.add(1, ordering: .relaxed).newValue)"
    private static let number = Atomic(0)

    /// One table on its way.
    struct Delivery: Sendable {
        let rows: any TableRows
        /// The types of the columns of the table it goes to.
        let types: [LogicalType]
    }

    private struct State {
        var delivery: Delivery?
        var rowCount = 0
        var failure: (any Error)?
    }

    private let state = Mutex(State())

    /// Makes `delivery` what the function hands out while `insert` runs, and returns how many rows it handed out.
    ///
    /// - Throws: The source's own error where one stopped it, else that of `insert`.
    func deliver(_ delivery: Delivery, insert: () throws -> Void) throws -> Int {
        state.withLock { $0 = State(delivery: delivery) }
        defer { state.withLock { $0 = State() } }
        let result = Result { try insert() }
        let (rowCount, failure) = state.withLock { ($0.rowCount, $0.failure) }
        if let failure { throw failure }
        try result.get()
        return rowCount
    }

    var delivery: Delivery? { state.withLock { $0.delivery } }
    func count(_ rows: Int) { state.withLock { $0.rowCount += rows } }

    /// Keeps the first error. Those of the other threads follow from it.
    func fail(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }
}

extension RowFeed {
    /// Makes the function known to `connection`, which keeps this object.
    func register(with connection: duckdb_connection) throws {
        var function = duckdb_create_table_function()
        defer { duckdb_destroy_table_function(&function) }
        duckdb_table_function_set_name(function, name)
        duckdb_table_function_set_extra_info(function, Unmanaged.passRetained(self).toOpaque()) { object in
            if let object { Unmanaged<RowFeed>.fromOpaque(object).release() }
        }
        duckdb_table_function_set_bind(function) { info in
            guard let delivery = RowFeed.at(duckdb_bind_get_extra_info(info))?.delivery else {
                return duckdb_bind_set_error(info, "there is nothing to be loaded")
            }
            for (index, type) in delivery.types.enumerated() {
                withExtendedLifetime(type) { duckdb_bind_add_result_column(info, "c\(index)", $0.handle) }
            }
        }
        duckdb_table_function_set_init(function) { info in
            let readers = RowFeed.at(duckdb_init_get_extra_info(info))?.delivery?.rows.readers ?? 1
            duckdb_init_set_max_threads(info, idx_t(max(readers, 1)))
        }
        duckdb_table_function_set_local_init(function) { info in
            guard let feed = RowFeed.at(duckdb_init_get_extra_info(info)), let rows = feed.delivery?.rows else {
                return duckdb_init_set_error(info, "there is nothing to be loaded")
            }
            do {
                let puller = RowPuller(try rows.makeReader(), of: rows.schema, into: feed)
                duckdb_init_set_init_data(info, Unmanaged.passRetained(puller).toOpaque()) { object in
                    if let object { Unmanaged<RowPuller>.fromOpaque(object).release() }
                }
            } catch {
                feed.fail(error)
                duckdb_init_set_error(info, "the source cannot be read")
            }
        }
        duckdb_table_function_set_function(function) { info, chunk in
            guard let puller = duckdb_function_get_local_init_data(info) else { return }
            if !Unmanaged<RowPuller>.fromOpaque(puller).takeUnretainedValue().fill(chunk) {
                duckdb_function_set_error(info, "the source stopped")
            }
        }
        guard duckdb_register_table_function(connection, function) == DuckDBSuccess else {
            throw DuckDBError.failed(action: "register \(name)", reason: "it does not say why")
        }
    }

    private static func at(_ object: UnsafeMutableRawPointer?) -> RowFeed? {
        object.map { Unmanaged<RowFeed>.fromOpaque($0).takeUnretainedValue() }
    }
}
