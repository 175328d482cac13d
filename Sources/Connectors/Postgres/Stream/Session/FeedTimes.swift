/// The times by which a stream is read.
package struct FeedTimes: Hashable, Sendable {
    /// How long changes gather before a destination that waits gets them.
    package var gathering = Duration.milliseconds(25)
    /// The same where there is an end to come to: nobody waits for single changes, and large batches cost less.
    package var gatheringToEnd = Duration.milliseconds(400)
    /// How long a destination that has written is left to its readers at most.
    package var rest = Duration.milliseconds(50)
    /// How often a place is given out that was reached without changes.
    package var idle = Duration.seconds(10)
    /// How soon the server hears of what was confirmed.
    package var telling = Duration.milliseconds(500)
    /// How long to wait at first, and at last, before a server that sends nothing is asked how far it is.
    package var asking = Duration.milliseconds(4)...Duration.milliseconds(200)
    /// How often to look at how much log the slot keeps.
    package var watching = Duration.seconds(30)

    package init() {}
}
