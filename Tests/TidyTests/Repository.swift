import Foundation

/// The files of this repository, by paths from its root.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL

    /// Everything under `folders`, and what lies at the root, with one of these endings.
    static func files(endingIn endings: [String], under folders: [String]) -> [String] {
        let found = folders.flatMap { folder in
            let paths = FileManager.default.enumerator(atPath: root.appending(path: folder).path)?.allObjects
            return (paths as? [String] ?? []).map { folder + "/" + $0 }
        }
        return (found + names(in: "")).filter { path in endings.contains { path.hasSuffix($0) } }.sorted()
    }

    static let swift = files(endingIn: [".swift"], under: ["Sources", "Tests"])
    static let markdown = files(endingIn: [".md"], under: ["docs", "Sources", "Tests"])

    /// What lies in `folder`, without the folders' own contents.
    static func names(in folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
        return (names ?? []).sorted()
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }
}
