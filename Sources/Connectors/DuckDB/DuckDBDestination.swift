import Foundation
package import TandemCore
package import TandemRows

/// A DuckDB file that tables are copied to, and that changes are written to.
///
/// The file is open for writing from the first load until what was loaded is
/// published or discarded, and for as long as a transaction of changes takes;
/// otherwise only while a question is answered, so that other programs can
/// read it in between.
package actor DuckDBDestination: Destination {
    private let executor = ThreadExecutor(label: "tandem.duckdb")
    let opener: FileOpener
    let loader: WarehouseLoader
    /// Has changes that are not committed.
    var writer: ChangeWriter?
    var transactions = TransactionNumbers()
    private var known = KnownAnswers()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package nonisolated var nameFolding: NameFolding { SQL.folding }

    package init(_ config: DuckDBConfig, in context: ConnectionContext) {
        let path = FileFacts.canonical(context.resolve(config.path ?? ""))
        opener = FileOpener(path: path, config: config, notify: context.notify)
        loader = WarehouseLoader(opener, notify: context.notify)
    }

    package func load(_ rows: any TableRows, into target: TableName) async throws -> Int {
        try await loader.load(rows, into: target)
    }

    package func publish(
        _ copies: [SyncedTable],
        retiring retired: [TableName],
        of sync: String,
        isPatient: Bool
    ) async throws {
        try await loader.publish(copies, retiring: retired, of: sync)
    }

    package func discard(_ targets: [TableName]) async throws { try await loader.discard(targets) }

    package func close() async {
        await loader.close()
        writer = nil
        transactions.end()
    }

    /// How many threads read a table back.
    private static var readers: Int { min(ProcessInfo.processInfo.activeProcessorCount, 8) }

    /// A session to look up with what is there.
    func reading() async throws -> Session { try await opener.open(.read, isBrief: true) }

    /// What is noted in the file, which is opened only where it was written since the same was asked last: a run asks
    /// again and again. `nil` where there is no file.
    ///
    /// - Parameter question: What is asked, and of what.
    func noted<Value: Sendable>(_ question: String, _ ask: (Metadata) throws -> Value) async throws -> Value? {
        let version = FileVersion(of: opener.path)
        if let version, let answer = known.answer(to: question, at: version, as: Value.self) { return answer }
        do {
            let answer = try ask(Metadata(try await reading()))
            if let version { known.keep(answer, to: question, at: version) }
            return answer
        } catch DuckDBError.missing {
            return nil
        }
    }

    /// The file is opened once for all of it, and for what a run that follows asks next.
    package func memory(of sync: String) async throws -> SyncMemory {
        let version = FileVersion(of: opener.path)
        let seen = try await noted("what it knows of \(sync)") { metadata in
            var memory = SyncMemory(
                tables: try metadata.copies(of: sync),
                made: try metadata.made(of: nil),
                owners: try metadata.owners()
            )
            for method in [Method.logBased, .triggerBased] {
                memory.streams[method] = try metadata.stream(of: sync, by: method)
            }
            guard !memory.streams.isEmpty else { return (memory, loads: [SectionedLoad](), departures: Departures()) }
            let loads = try metadata.keptLoads().map(\.load)
            return (memory, loads, try Departures(among: memory.tables, in: metadata.session))
        }
        guard let (memory, loads, departures) = seen else { return SyncMemory() }
        if let version, !memory.streams.isEmpty {
            known.keep(loads, to: Self.loadsInSections, at: version)
            known.keep(departures, to: Self.whatDeparted, at: version)
        }
        return memory
    }

    static let loadsInSections = "loads in sections"
    private static let whatDeparted = "what departed"

    package func tables(of sync: String) async throws -> [SyncedTable] {
        try await noted("tables of \(sync)") { try $0.copies(of: sync) } ?? []
    }

    package func owners() async throws -> [TableName: String] {
        try await noted("owners") { try $0.owners() } ?? [:]
    }

    package func departed(among copies: [SyncedTable]) async throws -> [TableName: String] {
        guard !copies.isEmpty else { return [:] }
        let seen = FileVersion(of: opener.path).flatMap {
            known.answer(to: Self.whatDeparted, at: $0, as: Departures.self)
        }
        guard let seen, seen.looked.isSuperset(of: copies) else {
            return try Departures(among: copies, in: try await reading()).reasons
        }
        let targets = Set(copies.map(\.target))
        return seen.reasons.filter { targets.contains($0.key) }
    }

    package func rows(of copy: SyncedTable, as schema: TableSchema) async throws -> any TableRows {
        let session = try await opener.open(.read)
        return try ResultRows(
            of: copy.target,
            as: schema,
            metadataColumns: copy.metadataColumns,
            readers: opener.config.threads ?? Self.readers
        ) { try session.another() }
    }

    package func sum(of copy: SyncedTable, as schema: TableSchema) async throws -> TableSum? {
        try await sums(of: [(copy, schema)]).first.flatMap(\.self)
    }

    /// Fewer are summed up before a second thread has begun.
    private static let rowsOfOneThread = 200_000

    /// The file is opened once for all of them.
    package func sums(of copies: [(copy: SyncedTable, schema: TableSchema)]) async throws -> [TableSum?] {
        let session = try await opener.open(.read)
        let interrupter = session.interrupter
        return try await withTaskCancellationHandler {
            // On this actor's thread: without a word of the actor it would run on one of the few that all tasks share.
            assertIsolated()
            if copies.reduce(0, { $0 + $1.copy.rows }) < Self.rowsOfOneThread, session.file.isFirst {
                try session.run("SET threads = 1", to: "prepare to sum up")
            }
            let columns = try WarehouseCatalog(session).columns(of: copies.map(\.copy.target))
            return try copies.map { copy, schema in
                try Task.checkCancellation()
                let sum = RowSum(of: copy.target, as: schema, metadataColumns: copy.metadataColumns, in: session)
                return try sum.total(columns[SQL.fold(copy.target)])
            }
        } onCancel: {
            interrupter.interrupt()
        }
    }

    package func query(_ sql: String) async throws -> QueryResult {
        try await ask(sql) { question in
            var whole = QueryResult(columns: [], types: [], rows: [])
            try question.answer { part in
                (whole.columns, whole.types) = (part.columns, part.types)
                whole.rows += part.rows
                return true
            }
            return whole
        }
    }

    package func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await ask(sql) { try $0.answer(take) }
    }

    private func ask<Value: Sendable>(_ sql: String, _ body: (Question) throws -> Value) async throws -> Value {
        let session = try await opener.open(.read, isolated: true)
        let interrupter = session.interrupter
        return try await withTaskCancellationHandler {
            assertIsolated()
            try Task.checkCancellation()
            return try body(Question(sql: sql, session: session))
        } onCancel: {
            interrupter.interrupt()
        }
    }

    package func forget(_ sync: String, tables: [TableName]?) async throws {
        let isKnown = try await !self.tables(of: sync).isEmpty
        var isFollowing = false
        for method in Method.allCases where try await stream(of: sync, by: method) != nil { isFollowing = true }
        guard isKnown || isFollowing else { return }
        try await loader.forget(sync, tables)
    }

    package func teardown() async throws -> [String] {
        guard FileFacts.kind(opener.path) != .missing else { return [] }
        await close()
        return try Metadata(try await opener.open(.write)).remove()
    }

    package func obstacles(to targets: [TableName]) async throws -> [Finding] {
        do throws(DuckDBError) { try opener.checkPath(.write) } catch {
            return [Finding(.error, "file", error.description, remedy: error.remedy)]
        }
        guard FileFacts.kind(opener.path) != .missing, FileFacts.size(of: opener.path) > 0 else { return [] }
        let names = try TableNames(of: try await reading())
        return targets.compactMap { target in
            do { try names.refuseToReplace(target) } catch let error as DuckDBError {
                return Finding(.error, "\(target)", error.description, remedy: error.remedy)
            } catch {}
            return nil
        }
    }

    package func check() async -> [Finding] { await FileCheck(opener: opener).findings() }
}
