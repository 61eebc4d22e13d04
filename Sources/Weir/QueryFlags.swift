import Model
import PromQL

/// What `--query.…` and `--enable-feature` say of questions in PromQL.
enum QueryFlags {
    static func options(_ invocation: Invocation) throws -> EngineOptions {
        var options = EngineOptions()
        options.maximumSamples = Int(invocation.text("query.max-samples")) ?? options.maximumSamples
        options.maximumConcurrency =
            Int(invocation.text("query.max-concurrency")) ?? options.maximumConcurrency
        options.timeout = try TimeSpan(invocation.text("query.timeout")).duration
        options.lookback = try TimeSpan(invocation.text("query.lookback-delta"))
        for name in invocation.all("enable-feature").flatMap({ $0.split(separator: ",") }) {
            // Names that mean nothing here are told where flags are read.
            _ = options.enable(String(name))
        }
        return options
    }
}
