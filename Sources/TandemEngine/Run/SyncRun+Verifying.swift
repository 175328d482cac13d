import TandemCore
import TandemRows

extension SyncRun {
    /// Compares both ends. Tables that are followed are brought to one moment of the source first, and compared with
    /// the source as it was then, while it goes on.
    ///
    /// - Parameter report: Called with each result as it comes.
    package func verify(
        report: (Verification.TableResult) -> Void = { _ in }
    ) async throws -> [Verification.TableResult] {
        let folding = destination.nameFolding
        let names = sync.namesByTarget(folding)
        let verification = Verification(
            of: sync.name,
            source: source,
            destination: destination,
            unfit: sync.unfitValues,
            readers: readers,
            findsDeletes: sync.deletes == .compare,
            isChosen: { [sync] column, table, target in
                let name = names[target.folded(folding)] ?? table
                return TableSelection(of: name, in: sync).columnRule?.columns?.includes(column) ?? true
            }
        )
        var results: [Verification.TableResult] = []
        var compared: Set<TableName> = []
        for follower in try await followers(of: destination.tables(of: sync.name)) {
            guard let (snapshot, _) = try await moment(for: follower, readers: readers) else { continue }
            results += try await verification.run(at: snapshot, of: { $0.stream == follower.id }, observe: report)
            compared.formUnion(results.map(\.copy.target))
        }
        let rest = try await destination.tables(of: sync.name).filter { !compared.contains($0.target) }
        guard !rest.isEmpty || results.isEmpty else { return results }
        return results + (try await verification.run(of: { !compared.contains($0.target) }, observe: report))
    }
}
