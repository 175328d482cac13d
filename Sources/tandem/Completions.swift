import ArgumentParser
import Foundation
import TandemApp
import TandemConnectors
import TandemCore
import TandemEngine
import TandemState

/// The names that a shell completes, from files only: no connection is opened, and no variable has to be set.
extension CompletionKind {
    static let syncs = custom { words, _, _ in names(words).syncs.map(\.name) }
    static let connections = custom { words, _, _ in names(words).connections.map(\.name) }
    static let syncsAndConnections = custom { words, _, _ in
        let (connections, syncs) = names(words)
        return syncs.map(\.name) + connections.map(\.name)
    }
    /// By their names at the destination, as the history of runs has them; of one sync where that is named before.
    static let copiedTables = custom { words, _, _ async in
        let syncs = names(words).syncs.map(\.name)
        let file = option("--state", in: words)
        let folder = URL(fileURLWithPath: configuration(words)).standardizedFileURL.deletingLastPathComponent().path
        guard let state = try? StateStore.read(at: file ?? Workspace.statePath(in: folder)) else { return [] }
        var tables: [String] = []
        let named = syncs.filter(words.contains)
        for sync in named.isEmpty ? syncs : named {
            tables += ((try? await state.tables(of: sync)) ?? []).map { "\($0.target)" }
        }
        return tables
    }
    static let connectors = list(Registry.all.map { $0.name })

    private static func names(
        _ words: [String]
    ) -> (connections: [ConnectionConfiguration], syncs: [SyncConfiguration]) {
        Configuration.names(in: configuration(words), connectors: ConnectorDirectory(Registry.all))
    }

    private static func configuration(_ words: [String]) -> String {
        option("--config", in: words) ?? Workspace.standardConfiguration
    }

    private static func option(_ name: String, in words: [String]) -> String? {
        if let joined = words.last(where: { $0.hasPrefix(name + "=") }) {
            return String(joined.dropFirst(name.count + 1))
        }
        return words.lastIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
    }
}
