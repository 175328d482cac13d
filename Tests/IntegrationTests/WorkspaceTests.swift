import Foundation
import TandemApp
import TandemCore
import TandemEngine
import TandemRows
import TandemState
import TandemTesting
import Testing

/// What a server does with a configuration: several things at once, in one process.
@Suite(.blocking) struct WorkspaceTests {
    @Test func runsAndReports() async throws {
        let (database, folder) = (try TestDatabase(.v16), try TemporaryFolder())
        defer { try? database.drop() }
        try database.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 10)")
        let workspace = try workspace(on: database, in: folder)
        let syncs = try workspace.syncs([])
        let sync = try #require(syncs.first)
        let plan = try await workspace.plan(syncs)
        #expect(plan.first?.tables.map(\.target.table) == ["a"])

        let report = try await workspace.run(sync).report
        #expect(report.outcome == "succeeded" && !report.isFailed)
        #expect(report.tables.map(\.rowsWritten) == [10])
        let status = try await workspace.status(of: syncs)
        #expect(status.first?.run?.outcome == .succeeded)
        #expect(try await workspace.verify(sync).isEqual)
        #expect(try await workspace.reset(sync.name, tables: ["public.a"]).count == 1)
        #expect(try await workspace.teardown(sync.name).map(\.connection) == ["shop", "warehouse"])
    }

    /// The report is what goes over a wire: whoever reads it gets all of it.
    @Test func reportsComeBackWhole() async throws {
        let (database, folder) = (try TestDatabase(.v16), try TemporaryFolder())
        defer { try? database.drop() }
        try database.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int); INSERT INTO a VALUES (1)")
        let workspace = try workspace(on: database, in: folder)
        let report = try await workspace.run(workspace.onlySync(nil)).report
        let text = try ReportJSON.text(report)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let read = try decoder.decode(RunReport.self, from: Data(text.utf8))
        #expect(try ReportJSON.text(read) == text)
    }

    @Test func oneSyncHasOneRunAtATime() async throws {
        let (database, folder) = (try TestDatabase(.v16), try TemporaryFolder())
        defer { try? database.drop() }
        try database.execute("CREATE TABLE a (id int PRIMARY KEY)")
        let workspace = try workspace(on: database, in: folder)
        let sync = try workspace.onlySync(nil)
        // While the first has begun and not ended, the second is refused.
        _ = try await workspace.run(sync) { event in
            guard case .planned = event else { return }
            await #expect(throws: StateError.self) { try await workspace.run(sync) }
        }
        #expect(try await workspace.run(sync).report.outcome == "succeeded")
    }

    private func workspace(on database: TestDatabase, in folder: TemporaryFolder) throws -> Workspace {
        let file = folder.path + "/tandem.yaml"
        try Data(
            """
            connections:
              shop:
                type: postgres
                host: ${HOST}
                port: \(database.server.port)
                user: \(PostgresServer.user)
                database: \(database.name)
              warehouse:
                type: duckdb
                path: warehouse.duckdb

            syncs:
              copies:
                from: shop
                to: warehouse
                method: FULL_TABLE

            """.utf8
        ).write(to: URL(filePath: file))
        return try Workspace(file: file, environment: ["HOST": PostgresServer.host])
    }
}
