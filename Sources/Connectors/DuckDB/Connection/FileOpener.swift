import CDuckDB

/// Opens a warehouse file, and waits for another process that holds it.
struct FileOpener: Sendable {
    /// The canonical path.
    let path: String
    let config: DuckDBConfig
    /// Tells the user what is waited for.
    let notify: @Sendable (String) -> Void

    /// Between two attempts. Readers come and go: who looks rarely finds one of them each time, and never the moment
    /// between two.
    private static let firstPause = Duration.milliseconds(1)
    private static let longestPause = Duration.milliseconds(100)
    /// How long the first pause is kept to; from then on each is twice as long as the one before, up to the longest.
    private static let eagerness = Duration.milliseconds(200)
    /// A reader that is done by then is nothing to speak of.
    private static let silence = Duration.seconds(1)

    /// A user's query may need much, and cannot begin again with more.
    private func memoryLimit(isolated: Bool) -> String {
        config.memoryLimit ?? (isolated ? "4GB" : "\(DuckDBConfig.standardMemoryLimit / 1_000_000)MB")
    }

    /// - Parameters:
    ///   - isolated: Keeps what only the caller's own data is needed for: other files, and the network.
    ///   - isBrief: Whether it will be closed and opened again soon.
    func open(_ mode: DatabaseFile.Mode, isolated: Bool = false, isBrief: Bool = false) async throws -> Session {
        try checkPath(mode)
        let limit = config.lockTimeout ?? DuckDBConfig.standardLockTimeout
        let start = ContinuousClock.now
        var hasSaid = false
        var pause = Self.firstPause
        while true {
            let holder: String
            do {
                let options = options(mode, isolated: isolated, isBrief: isBrief)
                if let file = try DatabaseFile.open(path, mode, options: options, isBrief: isBrief) {
                    let growing = config.memoryLimit == nil && !isolated ? DuckDBConfig.standardMemoryLimit : nil
                    let limit = memoryLimit(isolated: isolated)
                    let session = try Session(file, memoryLimit: limit, growingMemoryLimit: growing)
                    if file.isFirst { try session.refuseShortFile() }
                    return session
                }
                holder = "another sync of this process"
            } catch DuckDBError.locked(_, let other, _) {
                holder = other
            }
            guard start.duration(to: .now) < .seconds(limit) else {
                throw DuckDBError.locked(path: path, holder: holder, seconds: limit)
            }
            if !hasSaid, start.duration(to: .now) > Self.silence {
                notify("\(path) is in use by \(holder); waiting up to \(limit) s for it")
                hasSaid = true
            }
            try await Task.sleep(for: pause)
            if start.duration(to: .now) > Self.eagerness { pause = min(pause * 2, Self.longestPause) }
        }
    }

    /// What DuckDB would say less clearly, or not at all.
    func checkPath(_ mode: DatabaseFile.Mode) throws(DuckDBError) {
        let folder = FileFacts.folder(of: path)
        switch FileFacts.kind(path) {
        case .folder: throw .isFolder(path: path)
        case .device: throw .isDevice(path: path)
        case .file:
            guard FileFacts.isReadable(path) else { throw .unreadable(path: path) }
            // What is left where a process was killed while it made the file.
            guard mode == .write || FileFacts.size(of: path) > 0 else { throw .missing(path: path) }
            guard mode == .read || FileFacts.isWritable(path) && FileFacts.isWritable(folder) else {
                throw .unwritable(path: path)
            }
        case .missing:
            guard FileFacts.kind(folder) == .folder else { throw .noFolder(path: path) }
            guard mode == .write else { throw .missing(path: path) }
            guard FileFacts.isWritable(folder) else { throw .unwritable(path: path) }
        }
    }

    private func options(
        _ mode: DatabaseFile.Mode,
        isolated: Bool,
        isBrief: Bool
    ) -> [(name: String, value: String)] {
        var options = [
            ("access_mode", mode == .read ? "READ_ONLY" : "READ_WRITE"),
            ("memory_limit", memoryLimit(isolated: isolated)),
            ("autoinstall_known_extensions", "false"),
        ]
        // A second one has nothing to do in a moment, and waits for it in a busy loop.
        if let threads = isBrief ? 1 : config.threads { options.append(("threads", "\(threads)")) }
        if mode == .write {
            options.append(
                ("storage_compatibility_version", config.storageVersion ?? DuckDBConfig.standardStorageVersion)
            )
        }
        if mode == .write, FileFacts.size(of: path) == 0 {
            options.append(("default_block_size", "\(DuckDBConfig.blockSize)"))
        }
        if isolated { options.append(("enable_external_access", "false")) }
        return options
    }
}
