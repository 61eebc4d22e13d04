import Model
import Testing

@testable import Relay

struct RelayFamiliesTests {}
