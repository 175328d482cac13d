import Foundation

/// A file system of its own in memory, unmounted with this object.
public final class SmallDisk: Sendable {
    public let path: String

    public struct CannotMount: Error {}

    public init(megabytes: Int, at path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard Self.run("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]) else { throw CannotMount() }
    }

    public func resize(megabytes: Int) throws {
        guard Self.run("mount", ["-o", "remount,size=\(megabytes)m", path]) else { throw CannotMount() }
    }

    deinit { _ = Self.run("umount", ["-l", path]) }

    private static func run(_ program: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
