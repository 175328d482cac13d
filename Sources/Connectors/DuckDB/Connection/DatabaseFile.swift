import CDuckDB
import Synchronization
import TandemCore

/// An open file, for as long as this object lives.
///
/// A process opens a file once, however many use it: the locks by which
/// DuckDB keeps processes apart do not keep a process from itself.
final class DatabaseFile: Sendable {
    enum Mode { case read, write }

    let path: String
    let mode: Mode
    /// Whether nobody in this process had the file open before.
    let isFirst: Bool
    let instance: Instance
    /// The name it is attached by.
    let alias: String

    private struct Entry {
        var instance: Instance
        var alias: String
        var mode: Mode
        var users: Int
        /// Whether the instance may serve again once the file is closed.
        var isReusable: Bool
    }

    private struct Registry {
        var entries: [String: Entry] = [:]
        /// An instance without a file, kept for the next one.
        var idle: Instance?
    }

    private static let registry = Mutex(Registry())

    /// Opens the file at `path`, or joins those who have it open.
    ///
    /// - Parameters:
    ///   - path: The canonical one (``FileFacts/canonical(_:)``).
    ///   - isBrief: Whether it will be closed and opened again soon, so that DuckDB itself is to be kept.
    /// - Returns: `nil` if it is open here for reading and is now to be written.
    static func open(
        _ path: String,
        _ mode: Mode,
        options: [(name: String, value: String)],
        isBrief: Bool = false
    ) throws -> DatabaseFile? {
        try registry.withLock { registry in
            if let entry = registry.entries[path] {
                if mode == .write && entry.mode == .read { return nil }
                registry.entries[path]?.users += 1
                if !isBrief && mode == .write { registry.entries[path]?.isReusable = false }
                return DatabaseFile(path, entry, isFirst: false)
            }
            if mode == .write { FileFacts.removeIfEmpty(path) }
            // Who keeps it open for longer changes settings: he has a DuckDB of his own.
            var fresh: Instance?
            var entry =
                try isBrief ? attach(path, mode, options, to: &registry.idle) : attach(path, mode, options, to: &fresh)
            entry.isReusable = isBrief
            registry.entries[path] = entry
            return DatabaseFile(path, entry, isFirst: true)
        }
    }

    /// The process that keeps others from writing to the file, unless it is open in this one.
    static func lockHolder(of path: String) -> Int? {
        registry.withLock { $0.entries[path] == nil ? FileFacts.lockHolder(of: path) : nil }
    }

    private init(_ path: String, _ entry: Entry, isFirst: Bool) {
        self.path = path
        self.mode = entry.mode
        self.isFirst = isFirst
        instance = entry.instance
        alias = entry.alias
    }

    deinit {
        Self.registry.withLock { registry in
            guard let entry = registry.entries[path], entry.users == 1 else {
                registry.entries[path]?.users -= 1
                return
            }
            registry.entries[path] = nil
            // What it has spilled is removed with the instance only.
            guard entry.isReusable, FileFacts.kind(Self.spill(of: path)) == .missing else { return }
            // Where this fails the instance goes, and the file with it.
            let isDetached = (try? instance.run("DETACH \(SQL.identifier(alias))", path: path, to: "close it")) != nil
            if isDetached { registry.idle = instance }
        }
    }

    /// Whether DuckDB itself is kept when the file is closed: nobody has it open for more than a moment.
    var isReusable: Bool { Self.registry.withLock { $0.entries[path]?.isReusable ?? false } }

    /// Lets DuckDB itself go with the file, because something went wrong.
    func retire() { Self.registry.withLock { $0.entries[path]?.isReusable = false } }
}

// MARK: Attaching

extension DatabaseFile {
    private static func attach(
        _ path: String,
        _ mode: Mode,
        _ options: [(name: String, value: String)],
        to idle: inout Instance?
    ) throws -> Entry {
        // What is told of a file here is a setting of all files there; and none could be attached without access.
        let ofFiles: Set = ["access_mode", "storage_compatibility_version", "default_block_size", Self.access]
        var settings = options.filter { !ofFiles.contains($0.name) }
        settings.append(("temp_directory", spill(of: path)))
        let kept = idle.flatMap { $0.options == Dictionary(settings) { $1 } ? $0 : nil }
        idle = nil
        let instance = try kept ?? Instance(options: settings)
        for (name, value) in settings where name == "memory_limit" {
            // It may have been raised.
            try instance.run("SET \(name) = \(SQL.literal(value))", path: path, to: "set \(name)")
        }
        var rest = [mode == .read ? "READ_ONLY" : "READ_WRITE"]
        if let version = options.first(where: { $0.name == "storage_compatibility_version" })?.value,
            FileFacts.kind(path) == .missing
        {
            rest.append("STORAGE_VERSION \(SQL.literal(version))")
        }
        if let size = options.first(where: { $0.name == "default_block_size" })?.value {
            rest.append("BLOCK_SIZE \(size)")
        }
        let alias = alias(of: path)
        do {
            try instance.run(
                "ATTACH \(SQL.literal(path)) AS \(SQL.identifier(alias)) (\(rest.joined(separator: ", ")))",
                path: path,
                to: "open \(path)"
            )
            for (name, value) in options where name == Self.access {
                try instance.run("SET \(name) = \(SQL.literal(value))", path: path, to: "set \(name)")
            }
        } catch {
            idle = instance
            throw error
        }
        return Entry(instance: instance, alias: alias, mode: mode, users: 1, isReusable: true)
    }

    /// Where DuckDB puts what does not fit in memory.
    private static func spill(of path: String) -> String { path + ".tmp" }

    /// Whether a query may see other files, and the network.
    private static let access = "enable_external_access"

    /// The name that DuckDB itself would give the file, unless it means something else there.
    private static func alias(of path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        let name = file.split(separator: ".", omittingEmptySubsequences: false).first.map(String.init) ?? ""
        return ["", "main", "memory", "system", "temp"].contains(SQL.folding.fold(name)) ? "\(name)_file" : name
    }
}
