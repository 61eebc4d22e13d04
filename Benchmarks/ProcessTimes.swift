import Glibc

/// What other processes spend.
enum ProcessTimes {
    /// The CPU seconds of another process, by `/proc`.
    static func cpuSeconds(of process: Int) -> Double {
        let ticks = fields(of: process).map { $0[0] + $0[1] } ?? 0
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The CPU seconds of all processes that work in `folder`, and of their children that ended.
    static func cpuSeconds(ofAllIn folder: String) -> Double {
        var ticks = 0.0
        guard let all = opendir("/proc") else { return 0 }
        defer { closedir(all) }
        while let entry = readdir(all) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let process = Int(name) else { continue }
            var target = [UInt8](repeating: 0, count: 4096)
            let count = target.withUnsafeMutableBytes { bytes in
                readlink("/proc/\(name)/cwd", bytes.bindMemory(to: CChar.self).baseAddress, 4096)
            }
            guard count > 0, String(decoding: target[..<count], as: UTF8.self) == folder,
                let fields = fields(of: process)
            else { continue }
            ticks += fields.reduce(0, +)
        }
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Clock ticks in the program and in the system, of itself and of its children that ended.
    private static func fields(of process: Int) -> [Double]? {
        guard let file = fopen("/proc/\(process)/stat", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 1024)
        guard fgets(&line, 1024, file) != nil else { return nil }
        let text = String(
            decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 14 else { return nil }
        return fields[11...14].map { Double($0) ?? 0 }
    }
}
