import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct ChangeConformanceTests {
    private final class Harness: ChangeHarness {
        private let version: PostgresServer.Version
        private let database = Mutex<TestDatabase?>(nil)
        init(_ version: PostgresServer.Version) { self.version = version }

        func makeDestination(beside other: (any Destination)?) async throws -> any Destination {
            try database.withLock { database in
                let known = try (other == nil ? nil : database) ?? TestDatabase(version)
                database = known
                return known.destination()
            }
        }

        /// Times that Postgres knows, and one NaN.
        func fit(_ column: Column, of type: ColumnType) -> Column {
            var column = column
            switch (type, column.storage) {
            case (_, .float32(let values)): column.storage = .float32(values.map { $0.isNaN ? .nan : $0 })
            case (_, .float64(let values)): column.storage = .float64(values.map { $0.isNaN ? .nan : $0 })
            case (.date, .int32(let values)):
                column.storage = .int32(values.map { $0.magnitude == .max >> 1 ? $0 : $0 % 2_400_000 })
            case (.timestamp, .int64(let values)), (.timestampTZ, .int64(let values)):
                column.storage = .int64(values.map { $0.magnitude == .max >> 1 ? $0 : $0 % 200_000_000_000_000_000 })
            case (.interval, .interval(let values)):
                column.storage = .interval(
                    values.map { Interval(months: $0.months % 1_000_000, days: $0.days, microseconds: $0.microseconds) }
                )
            case (.list(let element), .list(let offsets, let values)):
                column.storage = .list(offsets: offsets, values: fit(values, of: element))
            default: break
            }
            return column
        }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func keepsEveryPromise(version: PostgresServer.Version) async throws {
        let types = RandomBatches.types.filter { if case .list(.list) = $0 { false } else { true } }
        try await ChangeConformance(Harness(version), types: types).run()
    }
}
