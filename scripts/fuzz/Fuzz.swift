// The fuzz target: libFuzzer calls it with bytes of its own making.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    if let found = disagreement(over: input) { fatalError(found) }
    return 0
}
