package import TandemCore

/// Decides what a run will do. Touches nothing: the same input gives the same plan.
package struct Planner: Sendable {
    package var sync: SyncConfiguration
    package var catalog: Catalog
    /// What the sync has put at the destination before.
    package var copied: [CopiedTable]
    package var folding: NameFolding

    /// - Parameter copied: ``Destination/tables(of:)``.
    /// - Parameter folding: ``Destination/nameFolding``.
    package init(sync: SyncConfiguration, catalog: Catalog, copied: [CopiedTable], folding: NameFolding) {
        self.sync = sync
        self.catalog = catalog
        self.copied = copied
        self.folding = folding
    }
}
