import Crypto
import Testing

struct PasswordHashTests {
    // Made with `htpasswd -nbBC 5 user secret`, and the same with the other marks: for seven-bit
    // passwords the three variants agree.
    @Test(arguments: ["2a", "2b", "2y"])
    func `a hash of htpasswd matches its password alone`(variant: String) throws {
        let hash = try PasswordHash(
            "$\(variant)$05$xIkpk07MmzLTl3EcHtJhNuEsFP4q6Ia7y.pYuF2SkR1sfUQ1PokS.")
        #expect(hash.matches("secret"))
        for wrong in ["Secret", "secret ", "", "secret\0"] { #expect(!hash.matches(wrong)) }
    }

    @Test func `a new hash matches its password, and no two are the same`() throws {
        let password = "pässword 💧"
        let first = try PasswordHash(hashing: password, cost: 4)
        let second = try PasswordHash(hashing: password, cost: 4)
        #expect(first != second)
        #expect(first.text.hasPrefix("$2b$04$"))
        #expect(first.matches(password) && second.matches(password))
        #expect(!first.matches(password + "!"))
        #expect(try PasswordHash(first.text) == first)
    }

    @Test(arguments: [
        "", "secret", "$2b$10$tooshort", "$1$abcdefgh$G1fqA3uZ3kGuaw1F8qVCe1",
        "$2x$05$abcdefghijklmnopqrstuuO3x1e7Jm0m3PpJ8aKPK8rTj7QvG6cYy",
        "$2b$03$abcdefghijklmnopqrstuuO3x1e7Jm0m3PpJ8aKPK8rTj7QvG6cYy",
        "$2b$05$abcdefghijklmnopqrstuuO3x1e7Jm0m3PpJ8aKPK8rTj7QvG6cY\n",
    ])
    func `what is no bcrypt hash is refused without repeating it`(text: String) {
        #expect(throws: CryptoError.notABcryptHash) { try PasswordHash(text) }
    }

    @Test func `a password that bcrypt would cut off is not hashed`() {
        let long = String(repeating: "a", count: 73)
        for password in [long, "a\0b"] {
            #expect(throws: CryptoError.self) { try PasswordHash(hashing: password, cost: 4) }
        }
        #expect(throws: CryptoError.cost(3)) { try PasswordHash(hashing: "a", cost: 3) }
    }
}
