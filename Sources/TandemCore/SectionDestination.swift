/// A destination that keeps what is whole of a copy which is loaded section by section, also where the run is killed.
public protocol SectionDestination: ChangeDestination {
    /// The copies of `sync` that are being loaded so and have a section or more, each with as much as is durable.
    ///
    /// ``Destination/discard()`` and a new run leave them alone. They go with ``drop(_:)``, with another load for the
    /// same target, with its publication, and with whatever has the sync or the table forgotten. What somebody else
    /// loads now is not listed.
    func sectionedLoads(of sync: String) async throws -> [SectionedLoad]

    /// Adds `rows`, which are the next section of `load`, beside the table that is there, and returns once they are
    /// durable together with what is known of the load then (``SectionedLoad/adding(_:rows:)``).
    ///
    /// With the first section it begins anew, and what was loaded for the same target before is dropped.
    ///
    /// - Throws: The rows' own error where they could not be read; ``LoadAgain``, after which it begins anew.
    func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad

    /// Makes what was loaded in sections ready to be published, as ``load(_:into:)`` does. Where several rows have the
    /// same key, because sections are of different moments, one of them stays, whichever. May be repeated.
    ///
    /// - Returns: How many rows there are.
    /// - Throws: ``LoadAgain``.
    func finish(_ load: SectionedLoad) async throws -> Int

    /// Drops what was loaded so for a target.
    func drop(_ load: SectionedLoad) async throws
}
