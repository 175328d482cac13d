import TandemCore

@testable import TandemDuckDB

extension TemporaryFolder {
    /// Runs statements in a warehouse file as a user with a DuckDB of his own would.
    func change(_ statements: String, in name: String = "warehouse.duckdb") throws {
        guard let file = try DatabaseFile.open(FileFacts.canonical("\(path)/\(name)"), .write, options: []) else {
            return
        }
        let session = try Session(file)
        try session.run("USE \(SQL.identifier(session.catalog)); \(statements)", to: "prepare the test")
    }
}
