public import TandemCore

extension ChangeDestination {
    /// How far the stream of `sync` that comes from the source's log has been applied here.
    public func stream(of sync: String) async throws -> StreamState? { try await stream(of: sync, by: .logBased) }
}
