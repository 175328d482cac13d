package import TandemCore
import TandemDuckDB
import TandemPostgres

/// Every kind of connection a configuration may name. A new connector is one more line here.
package enum Registry {
    package static let all: [any Connector.Type] = [
        PostgresConnector.self,
        DuckDBConnector.self,
    ]
}
