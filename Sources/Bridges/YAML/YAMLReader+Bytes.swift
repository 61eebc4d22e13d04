extension YAMLReader {
    /// The bytes of the file at `path`, a few more than `limit` where it holds more.
    public static func bytes(path: String, limit: Int) throws(YAMLError) -> [UInt8] {
        try YAMLBytes.contents(of: path, limit: limit)
    }
}
