import Testing

@testable import TandemPostgres

@Suite struct LSNTests {
    @Test(arguments: ["0/0", "0/16B3748", "16/B374D848", "FFFFFFFF/FFFFFFFF"])
    func readsWhatItWrites(text: String) throws {
        #expect(try #require(LSN(text)).description == text)
    }

    @Test func countsBytes() throws {
        let place = try #require(LSN("1/0"))
        #expect(place.rawValue == 1 << 32)
        #expect(place.bytes(since: try #require(LSN("0/ffffffff"))) == 1)
        #expect(place.bytes(since: try #require(LSN("2/0"))) == 0)
        #expect(LSN.none < place)
    }

    @Test(arguments: ["", "/", "1", "1/", "/1", "1/2/3", "g/0", "+1/0", "-1/0", "0/-1", "0/123456789", " 0/0"])
    func refusesOtherText(text: String) {
        #expect(LSN(text) == nil)
    }
}
