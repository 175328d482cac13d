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
        case streamStart = 0x53
        case streamStop = 0x45
        case streamCommit = 0x63
        case streamAbort = 0x41
    }

    /// How a server is asked for its messages, but for the publications.
    ///
    /// Transactions under way are read (protocol 2) but not asked for: a server that was to send one stopped with "could
    /// not map filenumber", once, on 18.4, in a random history whose subtransactions truncate tables and are rolled back.
    /// What exactly brings that about is not known, and with transactions at their end it was not seen.
    static let options = [(name: "proto_version", value: "1")]
}
