import TandemRows

/// A table that net changes are applied to, as the comment of ``NetChanges`` tells, and nothing but what is sure.
struct NetTable {
    let identity: [Int]
    var rows: [RawRow] = []

    enum Fault: Error, Equatable {
        case patchWithoutRow, patchOfWholeRow, absentValue, keyTwice, removedTwice, removedOutOfNothing
    }

    func key(_ row: RawRow) -> RawRow { identity.map { row[$0] } }

    mutating func apply(_ net: NetTuples) throws {
        if net.isEmptied { rows = [] }
        let removed = net.removed.flatMap(\.rawRows)
        if identity.isEmpty {
            for row in removed {
                guard let at = rows.firstIndex(of: row) else { throw Fault.removedOutOfNothing }
                rows.remove(at: at)
            }
        } else {
            guard Set(removed).count == removed.count else { throw Fault.removedTwice }
        }
        let keys = net.patched.flatMap(\.keys.rawRows)
        let patches = net.patched.flatMap(\.rows.rawRows)
        let filled = try zip(keys, patches).map(patched)
        if !identity.isEmpty {
            let gone = Set(removed + keys)
            rows = rows.filter { !gone.contains(key($0)) }
        }
        let written = net.written.flatMap(\.rawRows)
        guard !(written + filled).joined().contains(.absent) else { throw Fault.absentValue }
        rows += written + filled
        guard identity.isEmpty || Set(rows.map(key)).count == rows.count else { throw Fault.keyTwice }
    }

    private func patched(_ key: RawRow, _ patch: RawRow) throws -> RawRow {
        guard let row = rows.first(where: { self.key($0) == key }) else { throw Fault.patchWithoutRow }
        guard patch.contains(.absent) else { throw Fault.patchOfWholeRow }
        return zip(patch, row).map { $0 == .absent ? $1 : $0 }
    }
}
