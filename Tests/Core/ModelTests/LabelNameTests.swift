import Model
import Testing

struct LabelNameTests {
    @Test(
        arguments: [
            ("job", true, true), ("_x9", true, true), ("a:b", false, true), ("9a", false, false),
            ("", false, false), ("a.b", false, false), ("é", false, false),
        ])
    func `legacy names are ASCII words`(name: String, label: Bool, metric: Bool) {
        #expect(NameScheme.legacy.allows(labelName: name) == label)
        #expect(NameScheme.legacy.allows(metricName: name) == metric)
    }

    @Test(arguments: [("a.b", true), ("é", true), ("9", true), ("", false)])
    func `utf8 names are any text`(name: String, allowed: Bool) {
        #expect(NameScheme.utf8.allows(labelName: name) == allowed)
        #expect(NameScheme.utf8.allows(metricName: name) == allowed)
    }
}
