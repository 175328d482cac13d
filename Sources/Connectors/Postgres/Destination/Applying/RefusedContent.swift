/// What users have made at a table refuses rows for what they hold.
struct RefusedContent: Error {
    let objection: Objection
    /// What it means where the rows cannot be told from others.
    let meaning: any Error
}
