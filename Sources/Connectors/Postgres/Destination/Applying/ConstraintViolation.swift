/// What users have made at a table refuses rows for what they hold.
struct ConstraintViolation: Error {
    let objection: ServerErrorFields
    /// What it means where the rows cannot be told from others.
    let meaning: any Error
}
