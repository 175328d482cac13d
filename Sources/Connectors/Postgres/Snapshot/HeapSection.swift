import TandemCore

/// Stretches of heaps that make up a section of a table (``TableSection``).
struct HeapSection: Hashable, Sendable {
    /// Consecutive pages of a table or leaf partition.
    struct TableChanges: Hashable, Sendable {
        let relation: UInt32
        /// Its storage, by `relfilenode`: what rewrites or empties a table gives it another.
        let storage: UInt32
        let start: Int
        /// The first page behind it; `nil` for all there are, those included that are added later.
        let end: Int?
    }

    let stretches: [TableChanges]
}

/// As text: `oid/storage:start-end`, with spaces between.
extension HeapSection {
    var place: String {
        stretches.map { "\($0.relation)/\($0.storage):\($0.start)-\($0.end.map(String.init) ?? "")" }
            .joined(separator: " ")
    }

    /// - Returns: `nil` for what was not written by this.
    init?(_ place: String) {
        var stretches: [TableChanges] = []
        for word in place.split(separator: " ") {
            let parts = word.split(omittingEmptySubsequences: false) { "/:-".contains($0) }
            guard parts.count == 4, let relation = UInt32(parts[0]), let storage = UInt32(parts[1]),
                let start = Int(parts[2])
            else { return nil }
            let end = Int(parts[3])
            guard parts[3].isEmpty || end.map({ $0 > start }) ?? false else { return nil }
            stretches.append(TableChanges(relation: relation, storage: storage, start: start, end: end))
        }
        guard !stretches.isEmpty else { return nil }
        self.stretches = stretches
    }
}

/// Cuts tables into sections.
struct HeapSections {
    /// How much of a table is a section at least: loading one takes so long that beginning it costs nothing.
    static let standardBytes = 1 << 30
    static let limit = 1000

    let bytes: Int

    /// - Parameter leaves: Where the table's rows lie, each of which can be read by pages.
    /// - Returns: None for a table that is not worth cutting.
    func cut(_ leaves: [CopyRelation]) -> [TableSection] {
        let total = leaves.reduce(0) { $0 + $1.bytes }
        let count = min(Self.limit, total / max(1, bytes))
        guard count > 1 else { return [] }
        let size = total / count + 1
        var sections: [TableSection] = []
        var stretches: [HeapSection.TableChanges] = []
        var filled = 0
        func close() {
            guard !stretches.isEmpty else { return }
            sections.append(TableSection(place: HeapSection(stretches: stretches).place, bytes: filled))
            (stretches, filled) = ([], 0)
        }
        for leaf in leaves {
            let bytesPerPage = leaf.bytesPerPage
            var start = 0
            while true {
                let rest = leaf.pages - start
                let room = max(1, (size - filled) / bytesPerPage)
                let isLast = rest <= room
                stretches.append(
                    HeapSection.TableChanges(
                        relation: leaf.oid,
                        storage: leaf.storage,
                        start: start,
                        end: isLast ? nil : start + room
                    )
                )
                filled += min(rest, room) * bytesPerPage
                if filled >= size { close() }
                if isLast { break }
                start += room
            }
        }
        close()
        return sections
    }

    /// Whether `sections`, which were cut earlier, are all of a table that lies in `leaves` now.
    static func cover(_ sections: [TableSection], _ leaves: [CopyRelation]) -> Bool {
        guard let known = storages(sections) else { return false }
        return known == storages(leaves)
    }

    /// Whether `section` is a part of a table that lies in `leaves` now.
    static func isPart(_ section: TableSection, of leaves: [CopyRelation]) -> Bool {
        let present = storages(leaves)
        return storages([section])?.allSatisfy { present[$0.key] == $0.value } ?? false
    }

    private static func storages(_ leaves: [CopyRelation]) -> [UInt32: UInt32] {
        Dictionary(leaves.map { ($0.oid, $0.storage) }) { first, _ in first }
    }

    private static func storages(_ sections: [TableSection]) -> [UInt32: UInt32]? {
        var known: [UInt32: UInt32] = [:]
        for section in sections {
            guard let heap = HeapSection(section.place) else { return nil }
            for stretch in heap.stretches { known[stretch.relation] = stretch.storage }
        }
        return known
    }
}
