import Foundation
import Testing

@testable import Repdesk

@Suite struct GeneratedTests {
  @Test func wordsThatAreNotKnownStayWhatTheyAre() throws {
    let json = Data(#"["active","paused"]"#.utf8)
    let states = try JSONDecoder().decode([InvitationState].self, from: json)
    #expect(states == [.active, .unknown("paused")])
    #expect(try JSONEncoder().encode(states) == json)
  }

  @Test func allWordsComeBackAsTheyWere() {
    #expect(ProblemCode.allCases.allSatisfy { ProblemCode(rawValue: $0.rawValue) == $0 })
    #expect(EventType.allCases.allSatisfy { EventType(rawValue: $0.rawValue) == $0 })
    #expect(EventType.allCases.map(\.rawValue).contains("rep.presence_changed"))
  }

  /// The generator spells the dot out, which `clients/generate` takes back.
  @Test func eventTypesHaveGoodNames() {
    #expect(EventType.allCases.filter { "\($0)".contains("Period") } == [])
  }

  /// What the app is not told of is left out of what it sends, and what it does not know is passed over.
  @Test func absentFieldsStayAbsent() throws {
    let text = String(decoding: try Wire.encoder().encode(InviteRequest(comment: "", repId: "@ben")), as: UTF8.self)
    #expect(text == #"{"comment":"","rep_id":"@ben"}"#)
    let newer = Data(#"{"id":"rep_1","name":"Ana","colour":{"of":"hair"}}"#.utf8)
    #expect(try Wire.decoder().decode(Ref.self, from: newer) == Ref(id: "rep_1", name: "Ana"))
  }
}
