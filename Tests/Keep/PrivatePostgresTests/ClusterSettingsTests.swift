import Testing

@testable import PrivatePostgres

struct ClusterSettingsTests {
    private func settings(memory: Int, disk: Int, cores: Int = 4) -> ClusterSettings {
        ClusterSettings(
            machine: MachineSize(memory: memory, freeDisk: disk, cores: cores),
            socketFolder: "/s", logFolder: "/it's", hasLZ4: true)
    }

    @Test(
        arguments: [
            (128 << 20, 32), (1 << 30, 128), (16 << 30, 2048), (512 << 30, 8192),
        ])
    func `the cache is an eighth of the memory, within bounds`(memory: Int, megabytes: Int) {
        let text = settings(memory: memory, disk: 1 << 40).text
        #expect(text.contains("\nshared_buffers = '\(megabytes)MB'\n"))
    }

    @Test(arguments: [(100 << 20, 128), (10 << 30, 1024), (1 << 40, 4096)])
    func `the log takes a tenth of what the disk has left, within bounds`(
        disk: Int, megabytes: Int
    ) {
        #expect(
            settings(memory: 1 << 30, disk: disk).text
                .contains("\nmax_wal_size = '\(megabytes)MB'\n"))
    }

    @Test func `a path with a quote stays one value`() {
        let text = settings(memory: 1 << 30, disk: 1 << 30).text
        #expect(text.contains("log_directory = '/it''s'\n"))
    }

    @Test func `no setting stands twice`() {
        let names = settings(memory: 1 << 30, disk: 1 << 30).text.split(separator: "\n")
            .map { $0.prefix { $0 != " " } }.filter { $0 != "#" }
        #expect(names.count == Set(names).count)
    }
}

struct PostmasterFileTests {
    @Test func `a pid file tells process, folder and status`() {
        let file = PostmasterFile(
            "4711\n/data\n1700000000\n5432\n/run\n\n  5432001  12\nready   \n")
        #expect(file?.process == 4711)
        #expect(file?.folder == "/data")
        #expect(file?.status == "ready")
    }

    @Test(arguments: ["", "\n", "4711", "abc\n/data\n", "0\n/data\n"])
    func `a torn pid file is none`(text: String) {
        #expect(PostmasterFile(text) == nil)
    }

    @Test(
        arguments: [
            ("postgres (PostgreSQL) 15.4 (Debian 15.4-1)", 15),
            ("postgres (PostgreSQL) 18beta1", 18),
            ("15\n", 15), ("postgres", nil),
        ] as [(String, Int?)])
    func `a version is read from what programs and files say`(text: String, version: Int?) {
        #expect(PostgresInstallation.majorVersion(in: text) == version)
    }
}
