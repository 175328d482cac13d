import TandemCore
import TandemTesting
import Testing

/// What values depend on besides rows, compared.
@Suite struct TableDefinitionTests {
    private func definition(_ text: String) -> TableDefinition { TableDefinition(text: text) }

    private func reason(_ before: String, _ now: String, isNoted: Bool = false, hasParts: Bool = false) -> String? {
        switch definition(before).departure(to: definition(now), isNoted: isNoted, hasParts: hasParts) {
        case .none: nil
        case .changed(let reason): reason
        case .unclear(let files, [], let isLikely): "unclear \(files) \(isLikely)"
        case .unclear(let files, let moved, _): "unclear \(files), moved \(moved)"
        }
    }

    @Test func whatIsStoredIsReadAgain() {
        let text = "x123,a1:7.ab,c1:23 -1,c2:text,e90:7.9f,f16400:16400.0,p0:00"
        #expect(definition(text).text == text)
        #expect(definition(text).moment == 123)
        #expect(definition("").facts.isEmpty)
        #expect(definition("x1,z9:other,c:,c1,:,c2:text").facts.count == 1, "what is not known is left out")
    }

    @Test func theMomentAndNamesDoNotCount() {
        var named = definition("x5,c1:text")
        named.names[.init(.column, 1)] = "note"
        #expect(named == definition("x9,c1:text"))
        #expect(named != definition("x5,c1:23 -1"))
    }

    @Test func whatIsDefinedOtherwiseIsReadAgain() {
        #expect(reason("c1:text", "c1:text") == nil)
        #expect(reason("c1:23 -1", "c1:text")?.contains("type or expression") == true)
        #expect(reason("e9:1.a", "e9:2.b")?.contains("label") == true)
        #expect(reason("e9:1.a", "e9:2.a")?.contains("label") == true, "it had another name for a while")
        #expect(reason("t9:a", "t9:b")?.contains("attributes") == true)
        #expect(reason("v9:a", "v9:b")?.contains("view") == true)
        #expect(reason("p0:a", "p0:b")?.contains("publication") == true)
        #expect(reason("q0:1.a", "q0:2.a")?.contains("publication") == true)
        #expect(reason("q0:1.a", "q0:2.b") == nil, "it has another owner")
        #expect(reason("f1:1.5,c1:23 -1", "f1:2.6,c1:text")?.contains("column") == true, "what says most")
    }

    @Test func whatIsShownByName() {
        #expect(reason("n0:c,n9:a", "n0:c,n9:b")?.contains("by name") == true)
        #expect(reason("n0:c,n9:a", "n0:c,n9:a,n10:b") == nil, "another one was made")
        #expect(reason("n0:c,n9:a,n10:b", "n0:c,n9:a")?.contains("dropped") == true)
        #expect(reason("n0:f,n9:a", "n0:f")?.contains("dropped") == true, "the last one")
        #expect(reason("n0:cf,n9:a,n10:b", "n0:c,n9:a") == nil, "no function is shown any more")
        #expect(reason("n0:c,n9:a", "c1:text") == nil)
        #expect(reason("n0:c,n9:a", "n0:cf,n10:b")?.contains("dropped") == true, "functions are shown, too")
        #expect(reason("n0:c,n9:a", "n0:cf,n9:b,n10:b")?.contains("by name") == true)
        #expect(reason("n0:c,n1:a", "n0:c,n9:b")?.contains("dropped") == true, "names were too many for one each")
        #expect(reason("s790:a", "s790:b")?.contains("setting") == true)
        #expect(reason("g9:a", "g9:b")?.contains("function") == true)
    }

    @Test func whatComesAndGoesSaysNothing() {
        #expect(reason("c1:text,e1:1.a,f1:1.0", "c2:text,e2:1.a,f2:1.0,p0:x") == nil)
        #expect(reason("", "c1:text,f1:1.0") == nil)
    }

    @Test func rowsThatWereWrittenAnew() {
        #expect(reason("f1:1.5", "f1:2.5") == nil, "VACUUM FULL keeps the annex")
        #expect(reason("f1:1.5", "f1:2.6") == TableDefinition.rewritten)
        #expect(reason("f1:1.0", "f1:2.0") == "unclear [1] false")
        #expect(reason("f1:1.0", "f1:1.6") == nil, "a column came that needs an annex")
        #expect(reason("f1:1.0,a1:1.x", "f1:2.0,a1:2.x") == TableDefinition.rewritten)
        #expect(reason("f1:1.5,a1:1.x", "f1:2.5,a1:2.x") == TableDefinition.rewritten, "emptied as a part")
        #expect(reason("f1:1.0,a1:1.x", "f1:2.0,a1:2.y") == "unclear [1] true", "GRANT and VACUUM FULL, or more")
        #expect(reason("f1:1.0,a1:1", "f1:2.0,a1:2") == "unclear [1] true")
    }

    /// A part that is emptied keeps its annex as one does that VACUUM FULL wrote anew.
    @Test func partsThatMayHaveBeenEmptied() {
        #expect(reason("f1:1.5,f2:9.0", "f1:2.5,f2:9.0", hasParts: true) == "unclear [], moved [1]")
        #expect(reason("f1:1.0,f2:9.0", "f1:2.0,f2:10.0", hasParts: true) == "unclear [1, 2], moved [1, 2]")
        #expect(reason("f1:1.5", "f1:2.6", hasParts: true) == TableDefinition.rewritten)
        #expect(reason("f1:1.5", "f1:1.5", hasParts: true) == nil)
    }

    @Test func recordsOfColumns() {
        #expect(reason("a1:1.x", "a1:2.x") == nil)
        #expect(reason("a1:1.x", "a1:2.x", isNoted: true)?.contains("part of another table") == true)
        #expect(reason("a1:1.x", "a1:2.y", isNoted: true) == nil, "something harmless was changed")
        #expect(reason("a1:1", "a1:2", isNoted: true) == nil, "GRANT again")
    }

    @Test func columnsThatAreNotCopiedDoNotCount() {
        let some = definition("c1:text,c2:text,f1:1.0").ofColumns([1])
        #expect(some == definition("c1:text,f1:1.0"))
    }
}
