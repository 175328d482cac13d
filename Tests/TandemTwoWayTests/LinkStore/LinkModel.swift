import TandemCore
import TandemRows

@testable import TandemTwoWay

/// What a link store is to hold after changes, in the plainest way.
struct LinkModel {
    var all = LinkChanges()
    var start = Reconciler.Start()

    mutating func store(_ changes: LinkChanges) {
        for id in changes.removed {
            all.marks[.link(id)] = nil
            all.issues[.link(id)] = nil
        }
        all.add(changes)
        all.removed = []
        all.marks = all.marks.filter { $0.value != nil }
        all.issues = all.issues.filter { !$0.value.isEmpty }
        let last = max(changes.links.keys.max() ?? 0, changes.removed.max() ?? 0)
        start.nextLink = max(start.nextLink, last + 1)
        start.note = changes.note ?? start.note
        start.marks = all.marks.compactMapValues { $0 }
        start.unfinished = all.links.values.filter { link in
            guard link.intent == nil else { return true }
            let isWhole = !(link.base.left + link.base.right).contains(.none)
            return !link.isSevered && (link.keys.left == nil || link.keys.right == nil || !isWhole)
        }.sorted { $0.id < $1.id }
    }

    /// All that links can be asked for.
    var items: [WorkItem: Link] {
        var items: [WorkItem: Link] = [:]
        for link in all.links.values {
            items[.link(link.id)] = link
            for side in Side.allCases {
                if let key = link.keys[side] { items[.record(side, pair: link.pair, key)] = link }
            }
        }
        return items
    }
}

extension LinkStore {
    /// What it answers that is not as `model` has it.
    func differences(from model: LinkModel, asking others: [WorkItem] = []) async throws -> [String] {
        var differences: [String] = []
        let (start, cursors) = try await start()
        if start.nextLink != model.start.nextLink { differences.append("next link \(start.nextLink)") }
        if start.note != model.start.note { differences.append("note \(start.note)") }
        if start.marks != model.start.marks { differences.append("marks") }
        if start.unfinished != model.start.unfinished { differences.append("unfinished") }
        if cursors != model.all.cursors { differences.append("cursors") }
        let items = model.items
        if try await links(of: Array(items.keys) + others) != items { differences.append("links") }
        return differences
    }
}
