import TandemRows
import Testing

@testable import TandemEngine

@Suite struct VariableExpansionTests {
    /// What stands behind a brace, or begins a value, may be an accent.
    @Test func signsWithAccentsAreThoseSigns() throws {
        let environment = ["A": "x", "B": "\u{301}y"]
        #expect(try VariableExpansion("${A}\u{301}", environment: environment).text.isExactly("x\u{301}"))
        #expect(try VariableExpansion("-${B}-$$\u{301}", environment: environment).text.isExactly("-\u{301}y-$\u{301}"))
        #expect(try VariableExpansion("${C:-\u{301}z}", environment: environment).text.isExactly("\u{301}z"))
        #expect(throws: VariableExpansion.Failure.self) { try VariableExpansion("${A", environment: environment) }
    }
}
