import Synchronization
public import TandemCore

extension Destination {
    /// How far the stream of `sync` that comes from the source's log has been applied here.
    public func stream(of sync: String) async throws -> StreamCheckpoint? { try await stream(of: sync, by: .logBased) }
}

extension Source {
    /// Removes all that was made here for any sync that `destination` knows of.
    public func tearDown(knownTo destination: any Destination) async throws {
        var records: [SourceRecord] = []
        for sync in Set(try await destination.made(of: nil).map(\.sync)) {
            records.append(try await destination.sourceRecord(of: sync))
        }
        _ = try await teardown(records)
    }
}

/// What a destination remembers to have made, without a destination.
public final class MadeMemory: Sendable {
    private let objects = Mutex<[MadeObject]>([])

    public init() {}

    public func made(of sync: String) -> [MadeObject] { objects.withLock { $0.filter { $0.sync == sync } } }

    public func ownership(of sync: String) -> Ownership {
        Ownership(known: made(of: sync)) { made, gone in
            self.objects.withLock { $0.learn(made, forgetting: gone) }
        }
    }

    /// All there are, for a teardown.
    public var records: [SourceRecord] {
        let made = objects.withLock { $0 }
        return Set(made.map(\.sync)).sorted().map { sync in
            SourceRecord(sync: sync, made: made.filter { $0.sync == sync }, streams: [])
        }
    }
}
