public import TandemRows

extension SourceID: Codable {
    /// A number, where it is one.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            self.init(number)
        } else {
            self.init(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let number = Int64(description), String(number) == description {
            try container.encode(number)
        } else {
            try container.encode(description)
        }
    }
}
