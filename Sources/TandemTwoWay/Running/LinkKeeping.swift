/// Where links are kept.
package protocol LinkKeeping: Sendable {
    /// Those that `items` are about, of those that there are.
    func links(of items: [WorkItem]) async throws -> [WorkItem: Link]

    /// Up to `limit` links of a pair behind `id`, by their numbers; fewer, where no more follow.
    func page(of pair: Int, after id: LinkID, limit: Int) async throws -> [Link]

    /// What is stored is seen by later calls at once. A crash may lose it until something is stored durably, and then
    /// with all that was stored after it.
    func store(_ changes: LinkChanges, isDurable: Bool) async throws
}

extension LinkStore: LinkKeeping {}
