import TandemRows

/// The messages of the plugin `pgoutput`, one type each: what follows the byte that names them.
enum PgOutput {
    /// The first byte of a message.
    enum Kind: UInt8 {
        case begin = 0x42
        case commit = 0x43
        case origin = 0x4F
        case relation = 0x52
        case type = 0x59
        case insert = 0x49
        case update = 0x55
        case delete = 0x44
        case truncate = 0x54
        case message = 0x4D
    }

    /// How a server is asked for its messages of what these publications have.
    ///
    /// Later protocols send transactions before their end, and servers lose rows then: see "In progress" in `DESIGN.md`.
    static func options(_ publications: [String]) -> [(name: String, value: String)] {
        // Each is an identifier in a list.
        let names = publications.map { "\"" + $0.replacing(bytes: "\"", with: "\"\"") + "\"" }
        return [("proto_version", "1"), ("publication_names", names.joined(separator: ","))]
    }
}
