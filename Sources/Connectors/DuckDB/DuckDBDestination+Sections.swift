package import TandemCore

extension DuckDBDestination {
    package func sectionedLoads(of sync: String) async throws -> [SectionedLoad] {
        try await noted(Self.loadsInSections) { try $0.keptLoads().map(\.load) }?.filter { $0.sync == sync } ?? []
    }

    package func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad {
        try await loader.load(rows, addingTo: load)
    }

    package func finish(_ load: SectionedLoad) async throws -> Int { try await loader.finish(load) }

    package func drop(_ load: SectionedLoad) async throws { try await loader.drop(load) }
}
