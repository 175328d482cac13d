import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite struct HeapSectionTests {
    @Test func everyPageIsInOneSection() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            let leaves = (0..<Int.random(in: 1...8, using: &random)).map { number in
                leaf(UInt32(number + 1), pages: Int.random(in: 0...300, using: &random))
            }
            let bytes = Int.random(in: 1...200, using: &random) << 13
            let sections = HeapSections(bytes: bytes).cut(leaves)
            let total = leaves.reduce(0) { $0 + $1.bytes }
            guard total >= 2 * bytes else {
                #expect(sections.isEmpty)
                continue
            }
            #expect((2...HeapSections.limit + 1).contains(sections.count))
            #expect(sections.reduce(0) { $0 + $1.bytes } == total)
            #expect(HeapSections.cover(sections, leaves))
            var next: [UInt32: Int] = [:]
            var ended: Set<UInt32> = []
            for stretch in sections.flatMap({ HeapSection($0.place)?.stretches ?? [] }) {
                #expect(stretch.start == next[stretch.relation, default: 0] && !ended.contains(stretch.relation))
                next[stretch.relation] = stretch.end
                if stretch.end == nil { ended.insert(stretch.relation) }
            }
            #expect(ended == Set(leaves.map(\.oid)), "each ends open, for what is added later")
        }
    }

    @Test func aHugeTableHasAThousand() {
        let pages = 4 << 27
        #expect(
            HeapSections(bytes: HeapSections.standardBytes).cut([leaf(1, pages: pages)]).count == HeapSections.limit
        )
    }

    @Test func tablesThatOthersMeasureAreOne() {
        let sections = HeapSections(bytes: HeapSections.standardBytes)
        #expect(sections.cut([leaf(1, pages: (2 << 30) / 8192 - 1)]).isEmpty)
        #expect(sections.cut([leaf(1, pages: (2 << 30) / 8192)]).count == 2)
    }

    @Test(arguments: ["", "1", "1/2:3", "1/2:3-2", "1/2:x-", "1/2/3:4-5", "-1/2:3-", "1/2:3- 4"])
    func whatIsNoSectionIsRefused(text: String) { #expect(HeapSection(text) == nil) }

    @Test func theSameStorageIsTheSameTable() throws {
        let leaves = [leaf(1, pages: 10), leaf(2, pages: 10)]
        let sections = HeapSections(bytes: 8 << 13).cut(leaves)
        #expect(HeapSections.cover(sections, [leaf(1, pages: 50), leaf(2, pages: 3)]))
        #expect(!HeapSections.cover(sections, [leaf(1, pages: 10)]))
        #expect(!HeapSections.cover(sections, leaves + [leaf(3, pages: 1)]))
        #expect(!HeapSections.cover(sections, [leaf(1, pages: 10), leaf(2, pages: 10, storage: 7)]))
        let first = try #require(sections.first)
        #expect(HeapSections.isPart(first, of: leaves))
        #expect(!HeapSections.isPart(first, of: [leaf(1, pages: 10, storage: 7), leaf(2, pages: 10)]))
    }

    @Test func aSectionIsReadByItsPages() throws {
        let leaves = [leaf(1, pages: 4000), leaf(2, pages: 10)]
        let plan = { (place: String) in
            CopyPlan(
                root: leaves[0],
                leaves: leaves,
                columns: [],
                readers: 2,
                hasTIDRangeScan: true,
                section: HeapSection(place)
            ).ranges.map { $0.rows.split(separator: "WHERE ").last.map(String.init) ?? "" }
        }
        #expect(plan("1/9:0-100") == ["ctid < '(100,0)'"])
        #expect(plan("1/9:100-200") == ["ctid >= '(100,0)' AND ctid < '(200,0)'"])
        #expect(plan("1/9:0-1024") == ["ctid < '(512,0)'", "ctid >= '(512,0)' AND ctid < '(1024,0)'"])
        // Pages may have gone from its end.
        #expect(plan("1/9:5000-") == ["ctid >= '(5000,0)'"])
        #expect(plan("1/9:3900- 2/9:0-") == ["ctid >= '(3900,0)'", "ONLY \"s\".\"t2\""])
    }

    private func leaf(_ oid: UInt32, pages: Int, storage: UInt32 = 9) -> CopyRelation {
        CopyRelation(
            oid: oid,
            name: TableName(schema: "s", table: "t\(oid)"),
            kind: "r",
            storage: storage,
            pages: pages,
            bytes: pages << 13,
            isHeap: true,
            isReadable: true,
            isUnchanged: true,
            isHypertable: false
        )
    }
}
