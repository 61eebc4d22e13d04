import Head
import Model
import Testing

struct TickLogTests {
    @Test func `a position without a sample is neither a stale marker nor a target's NaN`() {
        #expect(Absent.value.isAbsent)
        #expect(!Absent.value.isStaleMarker)
        #expect(!StaleMarker.value.isAbsent)
        #expect(!Double(bitPattern: StaleMarker.ordinaryNaNBits).isAbsent)
        #expect(!Double.nan.isAbsent)
    }
}
