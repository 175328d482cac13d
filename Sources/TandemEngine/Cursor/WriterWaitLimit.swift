/// How long transactions are waited for that are open and have written to a table, before it is read by a cursor.
///
/// Where that is not enough, the next run reads once more what this one reads.
package struct WriterWaitLimit: Sendable {
    package var reading: Duration
    /// Before a table is copied whole, which is dearer to read again.
    package var copying: Duration

    package init(reading: Duration = .seconds(10), copying: Duration = .seconds(60)) {
        self.reading = reading
        self.copying = copying
    }
}
