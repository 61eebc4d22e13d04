/// What a source has to say beside its answer, such as that a part of it could not be read.
///
/// Whoever hears warnings gets what there is. Whoever does not gets an error instead, so that
/// nobody takes a part for the whole.
public enum SourceWarnings {
    /// Hears warnings within a task; `nil` where nobody does.
    @TaskLocal public static var hear: (@Sendable (String) -> Void)?
}
