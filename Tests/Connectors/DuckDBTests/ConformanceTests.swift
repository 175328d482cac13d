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

    private struct ChangeHarness: TandemTesting.ChangeHarness {
        let folder: WarehouseFolder

        func makeDestination(beside other: (any Destination)?) async throws -> any Destination {
            if other == nil {
                remove(folder.file("changed.duckdb"))
                remove(folder.file("changed.duckdb.wal"))
            }
            return folder.destination("changed.duckdb")
        }
    }

    @Test func keepsEveryPromiseOfChanges() async throws {
        try await ChangeConformance(ChangeHarness(folder: WarehouseFolder())).run()
    }
}
