import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct DestinationConformanceTests {
    /// Every new destination is a database of its own.
    private final class Harness: DestinationHarness {
        private let version: PostgresServer.Version
        init(_ version: PostgresServer.Version) { self.version = version }

        func makeDestination(reopening: (any Destination)?) async throws -> any Destination {
            if let destination = reopening as? PostgresDestination {
                await destination.close()
                return destination
            }
            return try TestDatabase(version).destination()
        }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func keepsEveryPromise(version: PostgresServer.Version) async throws {
        try await DestinationConformance(Harness(version)).run()
    }
}

extension TestDatabase {
    func destination(notify: @escaping @Sendable (String) -> Void = { _ in }) -> PostgresDestination {
        PostgresDestination(config, in: ConnectionContext(name: "test", folder: "/", notify: notify))
    }
}
