import CDuckDB
import Synchronization
import TandemCore
import TandemRows

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
        /// ``DatabaseFile/seen``.
        var seen: Set<TableName> = []
    }

    /// The file as it was when nobody here had it open any more, and what had been seen of it by then.
    private struct Left {
        var version: FileVersion
        var seen: Set<TableName>
    }

    /// One path, open or not. Its lock is held while the file is opened, replayed, checkpointed or closed, for which
    /// nobody waits who is after another file.
    private final class Place: Sendable {
        let entry = Mutex<Entry?>(nil)
        let left = Mutex<Left?>(nil)
    }

    /// Those that were asked for; there are few in a process.
    private static let places = Mutex<[String: Place]>([:])
    /// An instance without a file, kept for the next one.
    private static let idle = Mutex<Instance?>(nil)

    private static func place(_ path: String) -> Place {
        places.withLock { places in
            if let known = places[path] { return known }
            let place = Place()
            places[path] = place
            return place
        }
    }

    private let place: Place

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
        let place = place(path)
        return try place.entry.withLock { entry in
            if var known = entry {
                if mode == .write && known.mode == .read { return nil }
                known.users += 1
                if !isBrief && mode == .write { known.isReusable = false }
                entry = known
                return DatabaseFile(path, known, at: place, isFirst: false)
            }
            if mode == .write { FileFacts.removeIfEmpty(path) }
            // No other process can write to it once it is open.
            let before = FileVersion(left: path)
            var opened = try attach(path, mode, options, isBrief: isBrief)
            opened.isReusable = isBrief
            if let left = place.left.withLock({ $0 }), before == left.version { opened.seen = left.seen }
            entry = opened
            return DatabaseFile(path, opened, at: place, isFirst: true)
        }
    }

    /// The process that keeps others from writing to the file, unless it is open in this one.
    static func lockHolder(of path: String) -> Int? {
        place(path).entry.withLock { $0 == nil ? FileFacts.lockHolder(of: path) : nil }
    }

    private init(_ path: String, _ entry: Entry, at place: Place, isFirst: Bool) {
        self.path = path
        self.place = place
        self.mode = entry.mode
        self.isFirst = isFirst
        instance = entry.instance
        alias = entry.alias
    }

    deinit {
        place.entry.withLock { entry in
            guard let known = entry, known.users == 1 else {
                entry?.users -= 1
                return
            }
            entry = nil
            // What it has spilled is removed with the instance only.
            guard known.isReusable, FileFacts.kind(Self.spill(of: path)) == .missing else { return }
            // Where this fails the instance goes, and the file with it.
            let isDetached = (try? instance.run("DETACH \(SQL.identifier(alias))", path: path, to: "close it")) != nil
            guard isDetached else { return }
            Self.idle.withLock { $0 = instance }
            place.left.withLock { $0 = FileVersion(left: path).map { Left(version: $0, seen: known.seen) } }
        }
    }

    /// Whether DuckDB itself is kept when the file is closed: nobody has it open for more than a moment.
    var isReusable: Bool { place.entry.withLock { $0?.isReusable ?? false } }

    /// Tables of ours that were seen here since another process may have written to the file, by their folded names.
    var seen: Set<TableName> { place.entry.withLock { $0?.seen ?? [] } }

    func see(_ tables: some Sequence<TableName>) { place.entry.withLock { $0?.seen.formUnion(tables) } }

    /// Lets DuckDB itself go with the file, because something went wrong.
    func retire() { place.entry.withLock { $0?.isReusable = false } }
}

// MARK: Attaching

extension DatabaseFile {
    private static func attach(
        _ path: String,
        _ mode: Mode,
        _ options: [(name: String, value: String)],
        isBrief: Bool
    ) throws -> Entry {
        // What is told of a file here is a setting of all files there; and none could be attached without access.
        let ofFiles: Set = ["access_mode", "storage_compatibility_version", "default_block_size", Self.access]
        var settings = options.filter { !ofFiles.contains($0.name) }
        settings.append(("temp_directory", spill(of: path)))
        // Who keeps it open for longer changes settings: he has a DuckDB of his own.
        let kept = isBrief ? idle.withLock { $0.take() } : nil
        let isAlike = kept?.options == Dictionary(settings) { $1 }
        let instance = try isAlike ? kept ?? Instance(options: settings) : Instance(options: settings)
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
            if isBrief { idle.withLock { $0 = instance } }
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
