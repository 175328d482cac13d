import Foundation
import TandemConnectors
import TandemCore
import Testing

/// Holds docs/configuration.md to the connectors.
struct ConnectionReferenceTests {
    @Test func itTellsOfEverySettingOfEveryConnector() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
        for connector in Registry.all {
            let parts = page.split(separator: "### `type: \(connector.name)`", maxSplits: 1)
            let section = try #require(parts.count == 2 ? parts[1].split(separator: "\n#", maxSplits: 1).first : nil)
            for field in connector.fieldSummaries {
                #expect(section.contains("`\(field.name)`"), "\(connector.name): \(field.name)")
                if let standard = field.standard, standard.allSatisfy(\.isNumber) {
                    #expect(section.contains("| `\(field.name)` | \(standard) |"), "\(connector.name): \(field.name)")
                }
            }
        }
    }
}
