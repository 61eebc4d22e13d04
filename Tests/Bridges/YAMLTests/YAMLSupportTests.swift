import Testing
import YAML

struct YAMLSupportTests {
    struct Room: Sendable {
        var lamp = ""
        var chair = ""
        var rug = ""
    }

    struct House: Sendable {
        var rooms: [Room] = []
        var attic = Room()
        var door = ""
    }

    static let room = YAMLTable<Room>("room", "A room.", make: { Room() }) {
        YAMLField("lamp", \.lamp, .text, "Its lamp.")
        YAMLField("chair", \.chair, .text, support: .warned("one stands"), "Its chair.")
        YAMLField("rug", \.rug, .text, support: .refused("it is a trap"), "Its rug.")
    }

    static let house = YAMLTable<House>("house", "A house.", make: { House() }) {
        YAMLField(
            "rooms", \.rooms, .list(room.codec), support: .checkedOnly("nobody lives here yet"),
            "Its rooms.")
        YAMLField("door", \.door, .text, "Its door.")
    }

    private func sentences(_ text: String) throws -> [String] {
        let document = try YAMLReader.read(Array(text.utf8), file: "f")
        var decoding = YAMLDecoding(document)
        _ = Self.house.decode(try #require(document.root), &decoding)
        return decoding.complaints.map(\.description)
    }

    @Test func `a block without effect is one warning for all that is inside it`() throws {
        let found = try sentences("rooms: [{lamp: a, chair: b}, {chair: c}]\ndoor: d\n")
        #expect(found == ["f:1:1: rooms: read and checked, but nobody lives here yet"])
    }

    @Test func `what is wrong inside a block without effect is an error all the same`() throws {
        let found = try sentences("rooms: [{lmp: a, rug: b}]\n")
        #expect(
            found == [
                "f:1:1: rooms: read and checked, but nobody lives here yet",
                "f:1:10: room has no field \"lmp\"; did you mean \"lamp\"?",
                "f:1:18: rug of room is not supported; it is a trap",
            ])
    }

    @Test func `the reference calls nothing honoured that stands in such a block`() {
        let text = YAMLReference.markdown(Self.house.shape)
        #expect(text.contains("| checked only: nobody lives here yet | Its rooms. |"))
        #expect(text.contains("| `door` | text |  | honoured | Its door. |"))
        #expect(text.contains("| `lamp` | text |  | checked only | Its lamp. |"))
        #expect(text.contains("| checked only: one stands | Its chair. |"))
        #expect(text.contains("| refused: it is a trap | Its rug. |"))
    }

    @Test func `a block of another file's is documented there`() {
        let text = YAMLReference.markdown(Self.house.shape, without: Self.room.shape)
        #expect(text.contains("[room](#room)") && !text.contains("### room"))
    }
}
