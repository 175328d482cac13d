import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@Suite struct SourceIDCodingTests {
    /// Numbers are stored as they were before ids could be something else.
    @Test func theyAreStoredAsWhatTheyAre() throws {
        let ids = [ColumnID(7), ColumnID("07"), ColumnID("a,b:c%"), ColumnID("-1")]
        let text = String(decoding: try JSONEncoder().encode(ids), as: UTF8.self)
        #expect(text == #"[7,"07","a,b:c%",-1]"#)
        #expect(try JSONDecoder().decode([ColumnID].self, from: Data(text.utf8)) == ids)
    }
}
