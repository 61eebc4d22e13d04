import Glibc

/// Public test data that lies beside the project, where there is any: users clone only the project.
public enum Shared {
    /// The project's own top folder.
    public static let project: String = {
        // Tests/TestKit/Shared.swift, three steps down.
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// The folder `path` of the test data, or `nil`, said on the output, where it is missing.
    public static func folder(_ path: String) -> String? {
        let parent = project.split(separator: "/").dropLast().joined(separator: "/")
        let folder = "/" + parent + "/shared/" + path
        if access(folder, R_OK) == 0 { return folder }
        print("no test data at ../shared/\(path): the tests that read it have nothing to read")
        return nil
    }
}
