import TandemCore
import TandemRows

/// A stream's plugin, read into batches.
struct ChangeReader {
    private(set) var assembler: ChangeAssembler
    // One of them. Not an enumeration, whose contents would be taken out and put back for each message.
    private var pgoutput: PgOutputDecoder?
    private var wal2json: Wal2JSONDecoder?
    private let transcoding: Transcoding?

    /// A slot's plugin, and how it was asked.
    enum Plugin {
        case pgoutput
        case wal2json(Wal2JSON.Format)
    }

    /// - Parameter transcoding: What wal2json sends is not UTF-8.
    init(_ plugin: Plugin, into assembler: ChangeAssembler, transcoding: Transcoding? = nil) {
        self.transcoding = transcoding
        self.assembler = assembler
        switch plugin {
        case .pgoutput: pgoutput = PgOutputDecoder()
        case .wal2json(let format):
            self.assembler.identity = .names
            wal2json = Wal2JSONDecoder(format)
        }
    }

    /// Reads one message of the plugin.
    ///
    /// - Parameter place: Where the server says that it lies.
    /// - Throws: ``MalformedMessage``; what asking the catalog throws.
    mutating func read(_ message: UnsafeRawBufferPointer, at place: LSN) throws {
        try pgoutput?.decode(message, into: &assembler)
        guard wal2json != nil else { return }
        guard let transcoding else {
            try wal2json?.decode(message, at: place, into: &assembler)
            return
        }
        try transcoding.convert(message) { try wal2json?.decode($0, at: place, into: &assembler) }
    }

    /// Notes what the server said beside the messages, before the next one: wal2json says so of changes that it passes
    /// over.
    mutating func note(_ notice: String) {
        guard wal2json != nil, let untold = UntoldChange(notice) else { return }
        assembler.untold.insert(untold)
    }

    /// Gives out what was gathered. To be called where ``ChangeAssembler/isFull``, and whenever a batch is wanted
    /// outside of a transaction.
    ///
    /// - Throws: What asking the catalog throws.
    mutating func take() throws -> ChangeBatch { try assembler.take() }

    /// Passes over what cannot be had: see ``ChangeAssembler/passOver(because:now:)``.
    mutating func passOver(because reason: String, now: LSN) { assembler.passOver(because: reason, now: now) }

    /// Brings what the tables have by the end of the stream without a change (``StreamRequest/Table/expected``).
    ///
    /// - Throws: What asking the catalog throws.
    mutating func bringExpected() throws { try assembler.bringExpected() }

    /// Does what the engine wants of a table that is copied meanwhile. To be called between two transactions.
    mutating func follow(_ order: BufferingCommand) {
        switch order {
        case .hold(let table): assembler.hold(table)
        case .join(let table, let place): assembler.join(table, after: place)
        }
    }

    /// Notes that everything up to `place` has come.
    mutating func advance(to place: LSN) { assembler.advance(to: place) }
}
