import Foundation

/// A process, told apart from a later one with the same number.
struct ProcessIdentity: Hashable, Sendable {
    var pid: Int32
    /// When it started, as the kernel counts. `nil` where that cannot be learned.
    var start: String?

    static var current: ProcessIdentity { ProcessIdentity(pid: getpid(), start: startTime(of: getpid())) }

    var isAlive: Bool {
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        guard let start, let now = Self.startTime(of: pid) else { return true }
        return start == now
    }

    /// Field 22 of `/proc/PID/stat`; the second one is in parentheses and may hold anything.
    private static func startTime(of pid: Int32) -> String? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[name...].split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : nil
    }
}
