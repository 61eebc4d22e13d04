import Crypto
import Model

// The actions that make a new text of what they read.
extension PlanRun {
    /// Writes which of so many shards the sources fall to.
    mutating func hash(_ step: borrowing PlanStep) {
        var number = unsafe Digest.md5Tail(subject(step).span) % step.modulus
        // The longest number has twenty digits.
        let digits = unsafe reserve(20)
        var start = 20
        repeat {
            start -= 1
            unsafe digits[start] = UInt8(ascii: "0") + UInt8(number % 10)
            number /= 10
        } while number > 0
        unsafe set(step.target, .init(start: digits + start, count: 20 - start))
    }

    /// Writes the sources in the other case; `changing` are the letters of ASCII that change.
    mutating func changeCase(_ step: borrowing PlanStep, from changing: ClosedRange<UInt8>) {
        let subject = unsafe subject(step)
        let result = unsafe reserve(subject.count)
        for index in 0..<subject.count {
            let byte = unsafe subject[index]
            if byte >= 0x80 { return unsafe changeWideCase(step, subject) }
            unsafe result[index] = changing.contains(byte) ? byte ^ 0x20 : byte
        }
        unsafe set(step.target, .init(start: result, count: subject.count))
    }

    private mutating func changeWideCase(
        _ step: borrowing PlanStep, _ subject: UnsafeBufferPointer<UInt8>
    ) {
        let text = unsafe String(decoding: subject, as: UTF8.self)
        let mapped = step.kind == .uppercase ? text.simpleUppercase : text.simpleLowercase
        let result = unsafe reserve(mapped.utf8.count)
        var index = 0
        for byte in mapped.utf8 {
            unsafe result[index] = byte
            index += 1
        }
        unsafe set(step.target, .init(start: result, count: index))
    }
}
