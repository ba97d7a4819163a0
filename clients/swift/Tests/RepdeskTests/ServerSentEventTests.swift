import Foundation
import Testing

@testable import Repdesk

struct StreamVectors: Decodable {
  struct Case: Decodable {
    var name: String
    var chunks: [String]
    var events: [Expected]
  }

  struct Expected: Decodable {
    var event: String
    var data: String
    var id: String?
  }

  var cases: [Case]
}

@Suite struct ServerSentEventTests {
  @Test func readsTheSharedVectors() throws {
    let cases = try testData("stream.json", as: StreamVectors.self).cases
    try #require(!cases.isEmpty)
    for vector in cases {
      let expected = vector.events.map { ServerSentEvent(name: $0.event, data: $0.data, id: $0.id) }
      #expect(read(vector.chunks.map { Array($0.utf8) }) == expected, "\(vector.name)")
    }
  }

  @Test func readsTheSameWhereverTheBytesAreCut() throws {
    for vector in try testData("stream.json", as: StreamVectors.self).cases {
      let bytes = Array(vector.chunks.joined().utf8)
      let expected = vector.events.map { ServerSentEvent(name: $0.event, data: $0.data, id: $0.id) }
      #expect(read(bytes.map { [$0] }) == expected, "\(vector.name), byte by byte")
      for cut in bytes.indices {
        #expect(
          read([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "\(vector.name), cut before byte \(cut)")
      }
    }
  }

  /// A colon with a combining accent is one character, and still ends the field's name.
  @Test func readsBytesNotCharacters() {
    #expect(read([Array("data:\u{301}x\n\n".utf8)]) == [ServerSentEvent(name: "message", data: "\u{301}x")])
  }

  private func read(_ chunks: [[UInt8]]) -> [ServerSentEvent] {
    var parser = ServerSentEventParser()
    return chunks.flatMap { parser.read($0) }
  }
}
