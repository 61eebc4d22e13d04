import Testing

@testable import Weir

struct HelpTests {
    @Test(arguments: Commands.all.map(\.name))
    func `a command's help fits a screen and says what it takes`(name: String) throws {
        let command = try #require(Commands.all.first { $0.name == name })
        let page = Help.page(for: command, isLong: false)
        #expect(page.split(separator: "\n", omittingEmptySubsequences: false).count <= 26)
        #expect(page.hasPrefix("usage: weir \(name)"))
        let long = Help.page(for: command, isLong: true)
        for flag in command.flags { #expect(long.contains("--\(flag.name)")) }
    }

    @Test func `the overview names every command once`() {
        let lines = Help.overview(of: Commands.all).split(separator: "\n")
        for command in Commands.all {
            #expect(lines.count { $0.hasPrefix("  weir \(command.name) ") } == 1)
        }
    }

    @Test func `defaults are values that the flags themselves accept`() {
        for command in Commands.all {
            for flag in command.flags where !flag.standard.isEmpty {
                #expect(flag.complaint(about: flag.standard) == nil, "\(flag.name)")
            }
        }
    }

    @Test func `no command has a flag twice`() {
        for command in Commands.all {
            #expect(Set(command.flags.map(\.name)).count == command.flags.count)
        }
    }
}
