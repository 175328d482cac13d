/// What has to be known of a type, besides its number, to read it. From `pg_type` and `pg_cast`.
package enum PostgresType: Hashable, Sendable {
    /// A type of its own: built in, composite, range, extension's.
    ///
    /// - Parameter output: Its output function, quoted, where a cast to text is defined that may write something else.
    case plain(output: String?)
    /// An array proper. Its delimiter is a comma for every type of the server's own but `box`.
    case array(element: UInt32, delimiter: UInt8)
    case domain(base: UInt32, modifier: Int32)
    case enumeration
}
