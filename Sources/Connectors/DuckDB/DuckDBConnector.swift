package import TandemCore

/// An embedded warehouse: one file on this machine, which any DuckDB program can query.
package enum DuckDBConnector: Connector {
    package typealias Config = DuckDBConfig

    package static let name = "duckdb"
    package static let summary = "DuckDB, an embedded warehouse in one file"
    package static let initial = DuckDBConfig()
    package static var fields: [ConfigField<DuckDBConfig>] { DuckDBConfig.fields }

    package static func problems(of config: DuckDBConfig) -> [InvalidSetting] {
        guard config.path == "" || config.path == ":memory:" else { return [] }
        return [InvalidSetting(name: "path", reason: "must name a file, such as warehouse.duckdb")]
    }

    package static func source(_ config: DuckDBConfig, in context: ConnectionContext) throws -> (any Source)? { nil }

    package static func destination(
        _ config: DuckDBConfig,
        in context: ConnectionContext
    ) throws
        -> (any Destination)?
    {
        DuckDBDestination(config, in: context)
    }

    package static func place(_ config: DuckDBConfig, in context: ConnectionContext) -> String {
        FileFacts.canonical(context.resolve(config.path ?? ""))
    }
}
