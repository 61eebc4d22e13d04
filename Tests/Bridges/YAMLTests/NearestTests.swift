import Testing

@testable import YAML

struct NearestTests {
    @Test(
        arguments: [
            ("", "", 0), ("a", "", 1), ("abc", "abd", 1), ("ab", "ba", 1), ("kitten", "sitting", 3),
            ("ABC", "abc", 0),
        ])
    func `a distance counts changes, and a swap as one`(left: String, right: String, count: Int) {
        #expect(Nearest.distance(left, right) == count)
        #expect(Nearest.distance(right, left) == count)
    }

    @Test func `what is too far away is not suggested`() {
        #expect(Nearest.name(to: "confg", among: ["config", "rules"]) == "config")
        #expect(Nearest.name(to: "zzz", among: ["config", "rules"]) == nil)
    }

    @Test func `nothing is suggested for what nobody would type`() {
        let long = String(repeating: "a", count: 81)
        #expect(Nearest.name(to: long, among: [long + "a"]) == nil)
    }
}
