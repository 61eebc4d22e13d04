public import Model

/// Reads expressions, selectors and metrics.
///
/// It takes time in proportion to the text, whatever the text.
public struct Parser: Sendable {
    /// No tree is higher than this; a text that asks for more is refused.
    public static let maximumDepth = 500

    /// What of the language is enabled.
    public let options: LanguageOptions

    /// A parser of the settled language and what `options` add.
    public init(_ options: LanguageOptions = LanguageOptions()) { self.options = options }

    /// The expression that `query` is, its types checked.
    public func expression(_ query: String) throws(PromQLError) -> Expression {
        do {
            var reader = ExpressionReader(query, options)
            let expression = try reader.readAll()
            var checker = TypeChecker(query: query)
            return try checker.checked(expression)
        } catch {
            throw .parse(error)
        }
    }

    /// The conditions of the selector that `text` is: what `match[]` asks for.
    public func selector(_ text: String) throws(PromQLError) -> [Matcher] {
        do {
            var reader = ExpressionReader(text, options)
            return try reader.readSelector().matchers
        } catch {
            throw .parse(error)
        }
    }
}
