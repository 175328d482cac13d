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

    /// How a server of this version is asked for its messages, but for the publications.
    ///
    /// Since 14 a large transaction is sent while it is under way, so that neither the server keeps it on disk nor its
    /// commit waits until all of it has been sent. Later protocols add nothing that is of use here.
    static func options(version: Int) -> [(name: String, value: String)] {
        guard version >= 140_000 else { return [("proto_version", "1")] }
        return [("proto_version", "2"), ("streaming", "on")]
    }
}
