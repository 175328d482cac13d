import FoundationEssentials
import TandemCore

@testable import TandemDuckDB

/// A folder of its own for one test's files, removed with this object.
final class WarehouseFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/tandem-duckdb-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String = "warehouse.duckdb") -> String { path + "/" + name }

    func destination(
        _ name: String = "warehouse.duckdb", lockTimeout: Int = 5, memoryLimit: String? = nil,
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) -> DuckDBDestination {
        var config = DuckDBConfig()
        config.path = name
        config.lockTimeout = lockTimeout
        config.memoryLimit = memoryLimit
        return DuckDBDestination(config, in: ConnectionContext(name: "warehouse", folder: path, notify: notify))
    }
}
