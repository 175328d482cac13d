import ArgumentParser
import TandemEngine

/// How old something may be, as it is written on the command line.
struct Age: ExpressibleByArgument {
    let text: String
    let seconds: Int

    init?(argument: String) {
        guard let seconds = Schedule.seconds(argument[...]) else { return nil }
        text = argument
        self.seconds = seconds
    }
}
