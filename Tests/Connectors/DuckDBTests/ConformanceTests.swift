import Glibc
import TandemCore
import TandemTesting
import Testing

@testable import TandemDuckDB

@Suite struct ConformanceTests {
    private struct Harness: DestinationHarness {
        let folder: WarehouseFolder

        func makeDestination(reopening: (any Destination)?) async throws -> any Destination {
            guard reopening == nil else { return folder.destination("kept.duckdb") }
            let (path, kept) = (folder.file("kept.duckdb"), folder.file("kept.duckdb.wal"))
            remove(path)
            remove(kept)
            return folder.destination("kept.duckdb")
        }
    }

    @Test func keepsEveryPromise() async throws {
        try await DestinationConformance(Harness(folder: WarehouseFolder())).run()
    }
}
