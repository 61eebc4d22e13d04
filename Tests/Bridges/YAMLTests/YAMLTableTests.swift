import Testing
import YAML

struct YAMLTableTests {
    struct Pet: Sendable, Equatable {
        var name = ""
        var legs = 4
        var tame = true
        var colour: String?
        var weight = 1.5
        var kind = "cat"
        var friends: [Pet] = []
        var words: [String: String] = [:]
        var password = ""
    }

    static let friend = YAMLTable<Pet>("friend", "A friend.", make: { Pet() }) {
        YAMLField("name", \.name, .text, required: true, "What it hears.")
    }

    static let pet = YAMLTable<Pet>("pet", "An animal.", make: { Pet() }) { pet, block, decoding in
        if pet.legs > 4, pet.kind == "cat" {
            decoding.error(
                "a cat has no \(pet.legs) legs", "count again", at: block.value(of: "legs"))
        }
    } fields: {
        YAMLField("name", \.name, .text, required: true, "What it hears.")
        YAMLField("legs", \.legs, .whole(0...8), "How many.")
        YAMLField("tame", \.tame, .boolean, "Whether it bites.")
        YAMLField("colour", \.colour, .text, support: .warned("all cats are grey"), "Its colour.")
        YAMLField("weight", \.weight, .decimal, "In kilograms.")
        YAMLField("kind", \.kind, .choice(["cat", "dog"]), "What it is.")
        YAMLField("friends", \.friends, .list(friend.codec), "Whom it knows.")
        YAMLField("words", \.words, .map(.text), "What it understands.")
        YAMLField("password", \.password, .text, support: .refused("pets have none"), "Nothing.")
    }

    private func decode(_ text: String) throws -> (Pet?, [String]) {
        let document = try YAMLReader.read(Array(text.utf8), file: "f")
        var decoding = YAMLDecoding(document)
        let pet = Self.pet.decode(document.root ?? .plain(""), &decoding)
        return (pet, decoding.complaints.map(\.description))
    }

    @Test func `fields go where the table says, and defaults stay`() throws {
        let (pet, complaints) = try decode(
            "name: Tom\nlegs: 0x3\ntame: no\nwords: {a: 1}\nfriends: [{name: x}]")
        #expect(complaints.isEmpty)
        #expect(
            pet
                == Pet(
                    name: "Tom", legs: 3, tame: false, friends: [Pet(name: "x")], words: ["a": "1"])
        )
    }

    @Test func `all complaints come in one run, each with its place`() throws {
        let (_, complaints) = try decode(
            """
            nmae: Tom
            legs: 9
            tame: maybe
            colour: red
            kind: dgo
            friends: [~, {}]
            words: 5
            weight: heavy
            zzzzzzzzz: 1
            password: hunter2
            """)
        let all = [
            "f:1:1: pet has no field \"nmae\"; did you mean \"name\"?",
            "f:2:7: 9 is out of range; write between 0 and 8",
            "f:3:7: expected true or false, found \"maybe\"; correct the value",
            "f:4:1: colour of pet has no effect: all cats are grey; remove it, or leave it for Prometheus",
            "f:5:7: \"dgo\" is not one of cat, dog; did you mean \"dog\"?",
        ]
        #expect(Array(complaints.prefix(5)) == all)
        #expect(
            complaints.contains(
                "f:9:1: pet has no field \"zzzzzzzzz\"; it knows name, legs, tame, colour, weight, kind, friends, words, password"
            ))
        #expect(
            complaints.contains(
                "f:7:8: expected names with values, found \"5\"; write \"name: value\" lines"))
        #expect(complaints.contains("f:8:9: expected a number, found \"heavy\"; correct the value"))
        #expect(complaints.contains("f:10:1: password of pet is not supported; pets have none"))
        #expect(complaints.contains("f:1:1: pet has no name; add it"))
        #expect(
            complaints.contains("f:6:14: friend has no name; add it")
                || complaints.contains("f:6:13: friend has no name; add it"))
    }

    @Test func `a check sees the whole block`() throws {
        let (_, complaints) = try decode("name: Tom\nlegs: 5\n")
        #expect(complaints == ["f:2:7: a cat has no 5 legs; count again"])
    }

    @Test func `an excerpt shows the line and a caret, never a secret`() throws {
        let document = try YAMLReader.read(
            Array("name: Tom\nlegs: many\npassword: hunter2\n".utf8), file: "f")
        var decoding = YAMLDecoding(document)
        _ = Self.pet.decode(try #require(document.root), &decoding)
        let excerpts = decoding.complaints.map(\.excerpt)
        #expect(excerpts[0].hasSuffix("\n  legs: many\n        ^"))
        #expect(excerpts[1].hasSuffix("\n  password: <secret>\n  ^"))
    }

    @Test func `what is printed reads as the same value`() throws {
        for name in [
            "Tom", "true", "5", "", " x", "a: b", "- x", "#", "é\n\t\"\\", "null", "1e3", "*a",
            "x:", "-5", "-", "0x1F", "~", "<<", "\u{1}", "a #b",
        ] {
            var pet = Pet(name: name, legs: 2, tame: false)
            pet.colour = name.isEmpty ? nil : name
            pet.friends = [Pet(name: name + "1"), Pet(name: "z")]
            pet.words = ["k": name, "yes": "no"]
            let text = YAMLWriter.text(Self.pet.encode(pet))
            let (again, complaints) = try decode(text)
            let errors = complaints.filter { !$0.contains("grey") && !$0.contains("has no name") }
            #expect(errors.isEmpty, "\(text)")
            #expect(again == pet, "\(text)")
        }
    }

    @Test func `schema and reference come from the same list`() {
        let schema = YAMLSchema.json(Self.pet.shape, title: "pet")
        #expect(
            schema.contains(
                "\"legs\": {\"type\": [\"integer\", \"null\"], \"minimum\": 0, \"maximum\": 8, \"description\": \"How many.\", \"default\": 4}"
            ))
        #expect(schema.contains("\"required\": [\"name\"]"))
        let reference = YAMLReference.markdown(Self.pet.shape)
        #expect(reference.contains("| `legs` | whole number | `4` | honoured | How many. |"))
        #expect(
            reference.contains(
                "| `colour` | text |  | ignored with a warning: all cats are grey | Its colour. |"))
        #expect(reference.contains("### friend\n"))
    }
}
