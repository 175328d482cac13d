import TandemCore
import TandemRows

// MARK: Sections

extension SnapshotConformance {
    func sectionsAreTheWholeTable() async throws {
        let sample = SampleTable(name, ids: 0..<20_000)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 2)
        guard let resumable = snapshot.resumable else {
            await snapshot.close()
            return await source.close()
        }
        let sections = try await resumable.sections(of: table, as: table.schema, continuing: [])
        try await expectRows(sample.rows, of: table, in: sections, of: resumable)
        await snapshot.close()
        var present = sample.rows
        present.remove(at: 8)
        present += SampleTable(name, ids: 20_000..<20_300).rows
        let added = present.suffix(300).map { (table: name, change: SampleChange.write($0)) }
        try await harness.commit([(name, .write(sample.rows[7])), (name, .delete(8))] + added)
        let later = try await source.snapshot(readers: 2)
        guard let grown = later.resumable else {
            throw ConformanceFailure(promise: "a source can be read section by section, or not", found: "both")
        }
        let again = try await grown.sections(of: table, as: table.schema, continuing: sections)
        try expectEqual("changes leave sections as they are", again, sections)
        try await expectRows(present, of: table, in: again, of: grown)
        await later.close()
        try await harness.commit([(name, .empty), (name, .write(sample.rows[3]))])
        let last = try await source.snapshot(readers: 2)
        if let emptied = last.resumable {
            let rest = try await emptied.sections(of: table, as: table.schema, continuing: sections)
            try expect("sections of rows that are gone are not given again", sections.isEmpty || rest != sections)
            try await expectRows([sample.rows[3]], of: table, in: rest, of: emptied)
        }
        await last.close()
        await source.close()
    }

    /// Reads section after section, where there are any.
    private func expectRows(
        _ wanted: [SampleTable.Row],
        of table: CatalogTable,
        in sections: [TableSection],
        of snapshot: any ResumableSnapshot
    ) async throws {
        guard !sections.isEmpty else { return }
        var found: [SampleTable.Row] = []
        for section in sections {
            let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text, in: section)
            found += SampleTable.rows(in: try await rows.pullAll().flatMap { $0 })
        }
        let isWhole = found.sorted { $0.id < $1.id } == wanted
        try expect("every row lies in one section", isWhole, found: "\(found.count) rows of \(wanted.count)")
    }
}
