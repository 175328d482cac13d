import Foundation
import TandemCore

extension Configuration {
    /// More than any configuration needs.
    private static let byteLimit = 1 << 20

    /// What `file` says.
    ///
    /// - Throws: Everything that is wrong with it at once.
    package static func load(
        file: String,
        environment: [String: String],
        connectors: ConnectorDirectory
    ) throws(ConfigurationProblems) -> Configuration {
        try parse(read(file), file: file, environment: environment, connectors: connectors)
    }

    /// - Parameter file: For messages.
    package static func parse(
        _ bytes: [UInt8],
        file: String,
        environment: [String: String],
        connectors: ConnectorDirectory
    ) throws(ConfigurationProblems) -> Configuration {
        func refuse(_ line: Int?, _ message: String, remedy: Remedy? = nil) -> ConfigurationProblems {
            ConfigurationProblems(file: file, problems: [.init(line: line, message: message)], remedy: remedy)
        }
        guard bytes.count <= byteLimit else { throw refuse(nil, "is larger than 1 MB, too large for a configuration") }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw refuse(lineOfInvalidUTF8(in: bytes), "this is not UTF-8; save the file in that encoding")
        }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        let document: ConfigurationDocument
        do { document = try ConfigurationDocument(text) } catch { throw refuse(error.line, error.message) }
        guard let root = document.root, !root.isEmptyScalar else {
            throw refuse(nil, "is empty", remedy: Remedy("Write one to start from with `tandem init --force`."))
        }
        var reader = ConfigurationReader(environment: environment, connectors: connectors)
        let (project, connections, syncs) = reader.read(root)
        guard reader.problems.isEmpty else {
            // Sorting is stable: what is on one line stays in the order found.
            let problems = reader.problems + connections.flatMap(\.unset)
            throw ConfigurationProblems(file: file, problems: problems.sorted { $0.line ?? 0 < $1.line ?? 0 })
        }
        return Configuration(
            file: file,
            project: project ?? projectName(for: file),
            connections: connections,
            syncs: syncs
        )
    }

    /// That of the folder.
    private static func projectName(for file: String) -> String {
        let folder = URL(fileURLWithPath: file).standardizedFileURL.deletingLastPathComponent().lastPathComponent
        return folder == "/" ? "" : folder
    }

    /// The names that `file` holds, whatever else is wrong with it; for completions.
    package static func names(
        in file: String,
        connectors: ConnectorDirectory
    ) -> (connections: [ConnectionConfiguration], syncs: [SyncConfiguration]) {
        guard let bytes = try? read(file), let text = String(validating: bytes, as: UTF8.self),
            let root = try? ConfigurationDocument(text).root
        else { return ([], []) }
        var reader = ConfigurationReader(environment: [:], connectors: connectors)
        let (_, connections, syncs) = reader.read(root)
        return (connections, syncs)
    }

    private static func read(_ file: String) throws(ConfigurationProblems) -> [UInt8] {
        func refuse(_ message: String, remedy: Remedy? = nil) -> ConfigurationProblems {
            ConfigurationProblems(file: file, problems: [.init(line: nil, message: message)], remedy: remedy)
        }
        guard let handle = fopen(file, "rb") else {
            guard errno == ENOENT else { throw refuse("cannot be read: \(String(cString: strerror(errno)))") }
            throw refuse(
                "there is no such file",
                remedy: Remedy("Write one with `tandem init`, or name another with `--config FILE`.")
            )
        }
        defer { fclose(handle) }
        var bytes = [UInt8](repeating: 0, count: byteLimit + 1)
        let count = fread(&bytes, 1, bytes.count, handle)
        guard ferror(handle) == 0 else { throw refuse("cannot be read: \(String(cString: strerror(errno)))") }
        return Array(bytes.prefix(count))
    }

    private static func lineOfInvalidUTF8(in bytes: [UInt8]) -> Int {
        var line = 1
        for row in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: row, as: UTF8.self) == nil { return line }
            line += 1
        }
        return line
    }
}
