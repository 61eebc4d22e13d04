import Testing

@testable import PromQL

struct FunctionTests {
    @Test func `every function has the name that people write`() {
        for function in Function.allCases {
            #expect(function.rawValue.utf8.allSatisfy { $0 != UInt8(ascii: " ") })
            #expect(function.rawValue == function.rawValue.lowercased())
        }
        #expect(Function(rawValue: "histogram_quantile") == .histogramQuantile)
    }

    @Test func `what counts arguments knows the last one as optional`() {
        #expect(Function.round.signature.variadic == 1)
        #expect(Function.labelJoin.signature.variadic == -1)
        #expect(Function.rate.signature.arguments == [.matrix])
    }
}
