import TandemCore

/// A stream's plugin, read into batches.
struct ChangeReader {
    private(set) var assembler: ChangeAssembler
    private let plugin: PostgresConfig.Plugin
    private var pgoutput = PgOutputDecoder()

    /// - Parameter plugin: The one that the slot has; `auto` is none.
    init(_ plugin: PostgresConfig.Plugin, into assembler: ChangeAssembler) {
        self.plugin = plugin
        self.assembler = assembler
    }

    /// Reads one message of the plugin. What came before it must have been read to its end (``hasMore``).
    ///
    /// - Throws: ``MalformedMessage``; what asking the catalog throws.
    mutating func read(_ message: UnsafeRawBufferPointer) throws {
        try pgoutput.decode(message, into: &assembler)
    }

    /// Whether the message that was read last has more to say once a batch has been taken.
    var hasMore: Bool { false }

    /// Goes on with the message that was read last, until a batch is to be taken or it ends.
    mutating func readMore() throws {}

    /// Gives out what was gathered. To be called where ``ChangeAssembler/isFull``, and whenever a batch is wanted
    /// outside of a transaction.
    mutating func take() -> ChangeBatch { assembler.take() }

    /// Notes that everything up to `place` has come.
    mutating func advance(to place: LSN) { assembler.advance(to: place) }
}
