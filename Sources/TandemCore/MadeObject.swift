/// Something that this program has made for a sync, most of it in the source's database, or that concerns the sync as a
/// whole, as its destination remembers it.
///
/// A slot has no place for the name of its owner, and two projects may well think of one name. So what was made is
/// remembered where the rows are: a destination never drops what another one's sync has made.
public struct MadeObject: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable {
        case slot, publication
        /// A line that says how far a sync has read what triggers note.
        case reader
        /// The sync itself, as it is known at the destination: without a name of its own and a place.
        case sync
        /// A column of the source that the configuration keeps out, by its number and the name by which it does: it
        /// stays out when it is renamed.
        case exclusion

        /// Whether it is something that the source has.
        public var isAtSource: Bool { self != .sync && self != .exclusion }
    }

    public var sync: String
    /// The project whose sync that is.
    public var project: String
    public var kind: Kind
    public var name: String
    /// The database it is in, as the source tells databases apart; empty for what is in none.
    public var place: String
    /// The stream that it is made in place of (``StreamCheckpoint/id``), until the destination has that of the new one.
    public var replacing: String?

    public init(
        sync: String,
        project: String,
        kind: Kind,
        name: String,
        place: String,
        replacing: String? = nil
    ) {
        self.sync = sync
        self.project = project
        self.kind = kind
        self.name = name
        self.place = place
        self.replacing = replacing
    }

    /// What destinations with SQL keep of it, in the order of ``init(stored:)``.
    package static let storedColumns = "sync, project, kind, name, place, replacing"

    /// What ``storedColumns`` hold; `nil` for a kind that this version does not know.
    package init?(stored cells: [String?]) {
        guard cells.count == 6, let kind = cells[2].flatMap(Kind.init(rawValue:)) else { return nil }
        self.init(
            sync: cells[0] ?? "",
            project: cells[1] ?? "",
            kind: kind,
            name: cells[3] ?? "",
            place: cells[4] ?? "",
            replacing: cells[5]
        )
    }

    /// Whether both are about one thing, whatever else is known of it.
    public func isSame(as other: MadeObject) -> Bool {
        (sync, kind, name, place) == (other.sync, other.kind, other.name, other.place)
    }
}

/// What a destination remembers of who made what at a source, and how it learns more.
public struct Ownership: Sendable {
    /// Of one sync.
    public var known: [MadeObject]
    /// Stores, durably, that `made` are about to be made, or are, and that `gone` are not there any more or turned out
    /// to be another's.
    public var note: @Sendable (_ made: [MadeObject], _ gone: [MadeObject]) async throws -> Void

    public init(
        known: [MadeObject],
        note: @escaping @Sendable (_ made: [MadeObject], _ gone: [MadeObject]) async throws -> Void
    ) {
        self.known = known
        self.note = note
    }

    /// `known` after ``note``.
    public mutating func learn(_ made: [MadeObject], forgetting gone: [MadeObject] = []) async throws {
        try await note(made, gone)
        known.learn(made, forgetting: gone)
    }
}

extension [MadeObject] {
    /// What is known once `made` is, or is another, and `gone` is not any more.
    public mutating func learn(_ made: [MadeObject], forgetting gone: [MadeObject]) {
        removeAll { old in (made + gone).contains(where: old.isSame) }
        self += made
    }
}

/// What is known at a destination of one sync, for the source to remove what was made for it.
public struct SourceRecord: Sendable {
    public var sync: String
    public var made: [MadeObject]
    public var streams: [StreamCheckpoint]
    /// What is remembered there of other syncs.
    public var others: [MadeObject]

    public init(sync: String, made: [MadeObject], streams: [StreamCheckpoint], others: [MadeObject] = []) {
        self.sync = sync
        self.made = made
        self.streams = streams
        self.others = others
    }
}

/// What came of removing it.
public struct SourceTeardown: Sendable {
    /// For people.
    public var removed: [String] = []
    /// What is there and is not known to be this project's, with the way to remove it.
    public var left: [Finding] = []
    /// What the destination need not remember any more.
    public var gone: [MadeObject] = []

    public init() {}
}

extension Destination {
    /// What is remembered here of `sync`, for the source to remove what was made for it.
    public func sourceRecord(of sync: String) async throws -> SourceRecord {
        var streams: [StreamCheckpoint] = []
        for method in [Method.logBased, .triggerBased] {
            if let state = try await stream(of: sync, by: method) { streams.append(state) }
        }
        let made = try await made(of: nil).filter(\.kind.isAtSource)
        return SourceRecord(
            sync: sync,
            made: made.filter { $0.sync == sync },
            streams: streams,
            others: made.filter { $0.sync != sync }
        )
    }
}
