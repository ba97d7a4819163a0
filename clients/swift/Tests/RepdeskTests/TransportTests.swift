import Foundation
import Testing

@testable import Repdesk

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@Suite(.timeLimit(.minutes(1))) struct TransportTests {
  @Test func sendsWhatEveryRequestCarries() async throws {
    let server = try StubServer { _, _ in .json(invitation) }
    defer { server.stop() }
    try await client(of: server).sharing.invite(sessionId: "ses_1", InviteRequest(repId: "@ben"))
    let request = try #require(server.requests.first)
    #expect(request.method == "POST")
    #expect(request.target == "/v1/sessions/ses_1/invitations")
    #expect(request.body == #"{"rep_id":"@ben"}"#)
    #expect(request.headers["authorization"] == "Bearer rdc_1")
    #expect(request.headers["prefer"] == "handling=lenient")
    #expect(request.headers["content-type"] == "application/json")
    #expect(UUID(uuidString: request.headers["idempotency-key"] ?? "") != nil)
  }

  @Test func sendsKeysWithPostsAloneAndKeepsTheCallers() async throws {
    let server = try StubServer { _, _ in .json(invitation) }
    defer { server.stop() }
    try await client(of: server).sharing.getInvitation(invitationId: "inv_1")
    try await client(of: server).sharing.cancelInvitation(invitationId: "inv_1", idempotencyKey: "mine")
    #expect(server.requests.map { $0.headers["idempotency-key"] } == [nil, "mine"])
  }

  @Test func asksForTheTokenEachTimeAndSendsNoneWhereNoneIsNeeded() async throws {
    let server = try StubServer { _, _ in .problem(404, "not_found") }
    defer { server.stop() }
    let tokens = MemoryTokenProvider()
    let client = client(of: server, tokens: tokens)
    for token in [nil, "rdc_2", "rdc_3"] {
      await tokens.set(token)
      await #expect(throws: ProblemError.self) { try await client.consoles.getMe() }
    }
    await #expect(throws: ProblemError.self) { try await client.server.getServer() }
    #expect(server.requests.map { $0.headers["authorization"] } == [nil, "Bearer rdc_2", "Bearer rdc_3", nil])
  }

  @Test func escapesWhatStandsInAddresses() async throws {
    let server = try StubServer { _, _ in .problem(404, "not_found") }
    defer { server.stop() }
    let client = client(of: server, path: "/desk/")
    await #expect(throws: ProblemError.self) {
      try await client.sharing.getShareOptions(sessionId: "a/b?c", limit: 20, for: .transfer, q: "Zoë & a+b=c")
    }
    let target = try #require(server.requests.first?.target)
    #expect(target.hasPrefix("/desk/v1/sessions/a%2Fb%3Fc/share?"))
    #expect(target.contains("q=Zo%C3%AB%20%26%20a%2Bb%3Dc"))
    #expect(target.contains("limit=20"))
    #expect(target.contains("for=transfer"))
  }

  @Test func repeatsAPostWithTheSameKeyWhenTheConnectionIsCut() async throws {
    let server = try StubServer { _, number in number < 3 ? .cut : .json(invitation) }
    defer { server.stop() }
    let cancelled = try await client(of: server).sharing.cancelInvitation(invitationId: "inv_1")
    #expect(cancelled.id == "inv_1")
    #expect(server.requests.count == 4)
    #expect(Set(server.requests.map { $0.headers["idempotency-key"] }).count == 1)
  }

  @Test func givesUpAfterThreeRepetitions() async throws {
    let server = try StubServer { _, _ in .cut }
    defer { server.stop() }
    await #expect(throws: URLError.self) {
      try await client(of: server).sharing.cancelInvitation(invitationId: "inv_1")
    }
    #expect(server.requests.count == 4)
  }

  @Test func doesNotRepeatAPatchOfWhichNobodyKnowsWhatBecame() async throws {
    let server = try StubServer { _, _ in .cut }
    defer { server.stop() }
    await #expect(throws: URLError.self) {
      try await client(of: server).consoles.updateMe(UpdateMeRequest(busy: true))
    }
    #expect(server.requests.count == 1)
  }

  @Test func comesAgainWhenTheServerIsBusy() async throws {
    let server = try StubServer { _, number in
      switch number {
      case 0: .problem(503, "unavailable", retry: "same_key", headers: ["Retry-After": "0"])
      case 1: .answer(502, body: "<html>", headers: ["Content-Type": "text/html"])
      case 2: .problem(429, "too_many_requests", retry: "same_key", headers: ["Retry-After": "0"])
      default: .json(invitation)
      }
    }
    defer { server.stop() }
    try await client(of: server).sharing.cancelInvitation(invitationId: "inv_1")
    #expect(server.requests.count == 4)
    #expect(Set(server.requests.map { $0.headers["idempotency-key"] }).count == 1)
  }

  @Test func saysWhatTheServerSays() async throws {
    let server = try StubServer { _, _ in .problem(409, "invitation_not_active") }
    defer { server.stop() }
    let refusal = await refusal { try await client(of: server).sharing.acceptInvitation(invitationId: "inv_1") }
    #expect(refusal?.code == .invitationNotActive)
    #expect(refusal?.retry == .never)
    #expect(refusal?.endsLogIn == false)
    #expect(refusal?.localizedDescription == "No: Not so. (invitation_not_active, request REQ1)")
    #expect(server.requests.count == 1)
  }

  @Test func saysWhatAnotherSaysInTheServersPlace() async throws {
    let server = try StubServer { _, _ in .answer(502, body: "Bad gateway", headers: ["Request-Id": "REQ2"]) }
    defer { server.stop() }
    let refusal = await refusal {
      try await client(of: server).consoles.updateMe(UpdateMeRequest(busy: true))
    }
    #expect(refusal?.code == .unknown("http_502"))
    #expect(refusal?.retry == .sameKey)
    #expect(refusal?.problem.requestId == "REQ2")
  }

  @Test func knowsWhenTheLogInIsOver() async throws {
    let server = try StubServer { request, _ in
      .problem(401, request.target == "/v1/consoles" ? "invalid_credentials" : "console_revoked")
    }
    defer { server.stop() }
    let client = client(of: server)
    let logIn = LogInRequest(device: Device(platform: .ios), password: "wrong", username: "ana")
    #expect(await refusal { try await client.consoles.logIn(logIn) }?.endsLogIn == false)
    #expect(await refusal { try await client.consoles.getMe() }?.endsLogIn == true)
  }

  @Test func stopsWhenTheTaskIsCancelled() async throws {
    let server = try StubServer { _, _ in .streamThenSilence([]) }
    defer { server.stop() }
    let client = client(of: server)
    let task = Task { try await client.sharing.getInvitation(invitationId: "inv_1") }
    try await eventually { server.requests.count == 1 }
    task.cancel()
    await #expect(throws: (any Error).self) { try await task.value }
    #expect(server.requests.count == 1)
  }

  @Test func saysThatNothingIsNew() async throws {
    let server = try StubServer { _, _ in .answer(304, body: "") }
    defer { server.stop() }
    await #expect(throws: NotModified.self) {
      try await client(of: server).sharing.getInvitation(invitationId: "inv_1", ifNoneMatch: "\"3\"")
    }
    #expect(server.requests.first?.headers["if-none-match"] == "\"3\"")
  }

  @Test func takesNoPageForAnAnswer() async throws {
    let server = try StubServer { _, _ in .answer(200, body: "<html>", headers: ["Content-Type": "text/html"]) }
    defer { server.stop() }
    await #expect(throws: URLError.self) {
      try await client(of: server).consoles.updateMe(UpdateMeRequest(busy: true))
    }
  }

  @Test func takesTheTokenToNoOtherServer() async throws {
    let other = try StubServer { _, _ in .json(invitation) }
    defer { other.stop() }
    for status in [302, 307] {
      let server = try StubServer { [url = other.url] _, _ in
        .answer(status, body: "", headers: ["Location": "\(url)/v1/me"])
      }
      defer { server.stop() }
      let refused = await refusal { try await client(of: server).sharing.cancelInvitation(invitationId: "inv_1") }
      #expect(refused?.status == status)
      #expect(server.requests.count == 1)
    }
    #expect(other.requests.map(\.headers) == [])
  }

  @Test func waitsForNoTimeThatIsNone() async throws {
    for asked in ["inf", "nan", "1e300", "-1", "soon"] {
      let server = try StubServer { _, number in
        number > 0 ? .json(invitation) : .answer(503, body: "", headers: ["Retry-After": asked])
      }
      defer { server.stop() }
      try await client(of: server).sharing.cancelInvitation(invitationId: "inv_1")
      #expect(server.requests.count == 2)
    }
  }
}
