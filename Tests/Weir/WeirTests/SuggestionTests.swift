import Testing

@testable import Weir

struct SuggestionTests {
    @Test(
        arguments: [
            ("", "", 0), ("a", "", 1), ("abc", "abd", 1), ("ab", "ba", 1), ("kitten", "sitting", 3),
        ])
    func `a distance counts changes, and a swap as one`(left: String, right: String, count: Int) {
        #expect(Suggestion.distance(left, right) == count)
        #expect(Suggestion.distance(right, left) == count)
    }

    @Test func `what is too far away is not suggested`() {
        #expect(Suggestion.nearest(to: "confg", among: ["config", "rules"]) == "config")
        #expect(Suggestion.nearest(to: "zzz", among: ["config", "rules"]) == nil)
    }
}
