/// A server and a database, for messages.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: String
    package var database: String
    package var user: String

    package init(host: String, port: String, database: String, user: String) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
    }

    /// `db.internal:5432/shop`.
    package var description: String { server + (database.isEmpty ? "" : "/" + database) }

    /// `db.internal:5432`, with the brackets that an IPv6 address asks for.
    package var server: String {
        let name = host.isEmpty ? "the local socket" : host.contains(":") ? "[\(host)]" : host
        return port.isEmpty ? name : name + ":" + port
    }
}
