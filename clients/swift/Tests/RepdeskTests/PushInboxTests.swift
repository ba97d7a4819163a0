import Foundation
import Testing

@testable import Repdesk

@Suite struct PushInboxTests {
  let vectors: PushVectors

  init() throws {
    vectors = try testData("push.json")
    try #require(!vectors.cases.isEmpty && !vectors.anyOrder.isEmpty)
  }

  @Test func doesAsTheSharedVectorsSay() {
    for vector in vectors.cases {
      var inbox = PushInbox(serverId: vector.serverId, repId: vector.repId)
      for (index, step) in vector.steps.enumerated() {
        let verdict = inbox.receive(step.data, at: step.at)
        #expect(PushVectors.Expected(verdict) == step.expect, "\(vector.name), step \(index)")
        if let delivery = verdict.acknowledge { #expect(delivery == step.data["delivery_id"], "\(vector.name)") }
      }
      #expect(inbox.shows(at: vector.steps.last!.at) == Set(vector.shows), "\(vector.name)")
    }
  }

  /// The system may end the app's process after each push.
  @Test func doesTheSameWhenItIsSavedAndLoadedInBetween() throws {
    let file = PushInboxFile(url: FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json"))
    for vector in vectors.cases {
      defer { try? FileManager.default.removeItem(at: file.url) }
      for (index, step) in vector.steps.enumerated() {
        let verdict = try file.update(serverId: vector.serverId, repId: vector.repId) {
          $0.receive(step.data, at: step.at)
        }
        #expect(PushVectors.Expected(verdict) == step.expect, "\(vector.name), step \(index)")
      }
      let shows = try file.update(serverId: vector.serverId, repId: vector.repId) {
        $0.shows(at: vector.steps.last!.at)
      }
      #expect(shows == Set(vector.shows), "\(vector.name)")
    }
    try FileManager.default.removeItem(atPath: file.url.path + ".lock")
  }

  @Test func showsTheSameInWhateverOrderMessagesCome() {
    for vector in vectors.anyOrder {
      for order in permutations(vector.messages) {
        for twice in order.indices {
          var inbox = PushInbox(serverId: vector.serverId, repId: vector.repId)
          for message in order + [order[twice]] { _ = inbox.receive(message, at: vector.at) }
          #expect(inbox.shows(at: vector.at) == Set(vector.shows), "\(vector.name): \(order.map { $0["rev"] ?? "" })")
        }
      }
    }
  }

  /// On iOS a late alert takes the place of a newer one: it then has to say what the newer one said.
  @Test func aLateAlertSaysWhatIsNewer() throws {
    let steps = try #require(vectors.cases.first { $0.name.hasPrefix("the withdrawal came first") })
    var inbox = PushInbox(serverId: steps.serverId, repId: steps.repId)
    let withdrawal = inbox.receive(steps.steps[0].data, at: steps.steps[0].at)
    #expect(withdrawal.alert == .asItCame)
    let late = inbox.receive(steps.steps[1].data, at: steps.steps[1].at)
    let over = PushNotification(
      tag: "inv_1", title: steps.steps[0].data["title"]!, body: steps.steps[0].data["body"]!, data: [:])
    #expect(late.alert == .quiet(over))
  }

  @Test func anAlertForSomebodyElseSaysNothing() {
    for vector in vectors.cases {
      var inbox = PushInbox(serverId: vector.serverId, repId: "rep_nobody")
      for step in vector.steps where step.data["server_id"] == vector.serverId {
        #expect(inbox.receive(step.data, at: step.at).alert == .notForHere)
      }
    }
  }

  @Test func readsWhatTheSystemHandsOver() {
    let step = vectors.cases[0].steps[0]
    var userInfo: [AnyHashable: Any] = ["aps": ["alert": ["title": "…"]], 1: "one"]
    for (key, value) in step.data { userInfo[key] = value }
    var inbox = PushInbox(serverId: vectors.cases[0].serverId, repId: vectors.cases[0].repId)
    #expect(PushVectors.Expected(inbox.receive(userInfo: userInfo, at: step.at)) == step.expect)
  }

  /// The app and its extension are two processes; threads with a file each wait for one another in the same way.
  @Test func twoAtATimeLoseNothing() async throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
    defer {
      try? FileManager.default.removeItem(at: url)
      try? FileManager.default.removeItem(atPath: url.path + ".lock")
    }
    let step = vectors.cases[0].steps[0]
    let (serverId, repId) = (vectors.cases[0].serverId, vectors.cases[0].repId)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<40 {
        group.addTask {
          var data = step.data
          data["key"] = "inv_\(number)"
          _ = try PushInboxFile(url: url).update(serverId: serverId, repId: repId) { $0.receive(data, at: step.at) }
        }
      }
      try await group.waitForAll()
    }
    let shows = try PushInboxFile(url: url).update(serverId: serverId, repId: repId) { $0.shows(at: step.at) }
    #expect(shows.count == 40)
  }

  private func permutations<Element>(_ elements: [Element]) -> [[Element]] {
    guard elements.count > 1 else { return [elements] }
    return elements.indices.flatMap { first in
      var rest = elements
      let head = rest.remove(at: first)
      return permutations(rest).map { [head] + $0 }
    }
  }
}
