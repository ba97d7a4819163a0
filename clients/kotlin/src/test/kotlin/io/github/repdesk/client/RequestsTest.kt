package io.github.repdesk.client

import io.github.repdesk.client.models.InviteRequest
import io.github.repdesk.client.models.ProblemCode
import io.github.repdesk.client.models.Retry
import io.github.repdesk.client.models.SortOrder
import io.github.repdesk.client.models.EventType
import io.github.repdesk.client.models.UpdateMeRequest
import java.io.IOException
import java.util.concurrent.TimeUnit
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import mockwebserver3.MockResponse
import mockwebserver3.MockWebServer
import mockwebserver3.RecordedRequest
import mockwebserver3.SocketEffect
import okhttp3.OkHttpClient
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

class RequestsTest {
    private val server = MockWebServer()
    private val pauses = mutableListOf<Duration>()
    private var token: String? = "rdc_1"
    private lateinit var client: RepdeskClient

    @BeforeEach
    fun start() {
        server.start()
        client = RepdeskClient(server.url("/").toString(), { token }, OkHttpClient(), Retries(Random(1)) { _, pause -> pauses += pause })
    }

    @AfterEach
    fun stop() = server.close()

    private val invitation = """{"id": "inv_1", "rev": 3, "kind": "rep", "session": {"id": "ses_1", "kind": "support"}, "inviter": {"id": "rep_ana", "name": "Ana"},
        "access": "control", "masked": false, "state": "active", "created_at": "2026-11-22T12:00:00Z"}"""

    private fun answer(status: Int = 200, body: String = "", vararg headers: Pair<String, String>) = MockResponse.Builder().code(status).body(body)
        .setHeader("Content-Type", if (status < 300) "application/json" else "application/problem+json; charset=utf-8")
        .apply { headers.forEach { (name, value) -> setHeader(name, value) } }.build()

    private fun refusal(status: Int, code: String, retry: String, vararg headers: Pair<String, String>, more: String = "") = answer(
        status,
        """{"type": "https://desk.example.com/docs/problems#$code", "status": $status, "title": "No", "detail": "Not now.", "code": "$code", "retry": "$retry", "request_id": "r1"$more}""",
        *headers,
    )

    private val cut = MockResponse.Builder().onResponseStart(SocketEffect.CloseSocket()).build()

    private fun <T> run(what: suspend RepdeskClient.() -> T): T = runBlocking { withTimeout(DEADLINE) { client.what() } }

    private fun requests(): List<RecordedRequest> = List(server.requestCount) { server.takeRequest(10, TimeUnit.SECONDS)!! }

    private val RecordedRequest.key get() = headers["Idempotency-Key"]

    private suspend fun RepdeskClient.invite(key: String? = null) = sharing.invite("ses_1", InviteRequest(repId = "@ben"), idempotencyKey = key)

    @Test
    fun `a request says who asks, and that it may be newer than the server`() {
        server.enqueue(answer(201, invitation))
        assertEquals("inv_1", run { invite() }.id)
        val request = requests().single()
        assertEquals("POST /v1/sessions/ses_1/invitations HTTP/1.1", request.requestLine)
        assertEquals("""{"rep_id":"@ben"}""", request.body!!.utf8())
        assertEquals("application/json", request.headers["Content-Type"])
        assertEquals("Bearer rdc_1", request.headers["Authorization"])
        assertEquals("handling=lenient", request.headers["Prefer"])
        assertEquals(36, request.key!!.length)
    }

    @Test
    fun `who is not logged in sends no token`() {
        token = null
        server.enqueue(answer(201, invitation))
        run { invite() }
        assertNull(requests().single().headers["Authorization"])
    }

    @Test
    fun `parameters are written as the contract has them`() {
        server.enqueue(answer(200, """{"items": []}"""))
        server.enqueue(answer(200, """{"items": [], "cursor": "7", "more": false}"""))
        run { chat.listMessages("ses/1", order = SortOrder.DESC) }
        run { events.listEvents(after = "7", types = Csv(EventType.INVITATION_CREATED, EventType.INVITATION_ENDED)) }
        assertEquals(
            listOf("/v1/sessions/ses%2F1/messages?order=desc", "/v1/event-log?after=7&types=invitation.created%2Cinvitation.ended"),
            requests().map { it.target },
        )
    }

    @Test
    fun `a body that is left out is an empty one`() {
        server.enqueue(refusal(409, "queue_empty", "safe"))
        assertThrows<ProblemException> { run { queues.acceptNext() } }
        assertEquals("{}", requests().single().body!!.utf8())
    }

    @Test
    fun `an operation without an answer's body`() {
        server.enqueue(MockResponse.Builder().code(204).build())
        run { consoles.logOut("current") }
        assertEquals("DELETE", requests().single().method)
    }

    @Test
    fun `a lost answer is asked for again under the same key`() {
        server.enqueue(cut)
        server.enqueue(refusal(503, "unavailable", "same_key", "Retry-After" to "2"))
        server.enqueue(answer(502, "<html>Bad gateway</html>", "Content-Type" to "text/html"))
        server.enqueue(answer(201, invitation))
        assertEquals("inv_1", run { invite() }.id)
        val keys = requests().map { it.key }
        assertEquals(4, keys.size)
        assertEquals(1, keys.distinct().size)
        assertNotNull(keys.first())
        assertEquals(3, pauses.size)
        assertTrue(pauses[0] in 0.seconds..1.seconds && pauses[1] in 2.seconds..4.seconds && pauses[2] in 0.seconds..4.seconds) { "$pauses" }
    }

    @Test
    fun `a key of the caller's own is kept, and each request has another`() {
        repeat(3) { server.enqueue(answer(201, invitation)) }
        run { invite("mine") }
        run { invite() }
        run { invite() }
        val keys = requests().map { it.key }
        assertEquals("mine", keys[0])
        assertNotEquals(keys[1], keys[2])
    }

    @Test
    fun `it gives up after three more tries`() {
        repeat(9) { server.enqueue(cut) }
        val failure = assertThrows<IOException> { run { invite() } }
        assertTrue(failure !is ProblemException)
        assertEquals(4, server.requestCount)
    }

    @Test
    fun `a change that might have been made is not made again, but one that was turned away at the door is`() {
        server.enqueue(cut)
        assertThrows<IOException> { run { consoles.updateMe(UpdateMeRequest(busy = true)) } }
        server.enqueue(refusal(503, "unavailable", "same_key"))
        assertThrows<ProblemException> { run { consoles.updateMe(UpdateMeRequest(busy = true)) } }
        assertEquals(2, server.requestCount)
        server.enqueue(cut) // on the connection of before
        assertThrows<IOException> { run { consoles.updateMe(UpdateMeRequest(busy = true)) } }
        assertEquals(3, server.requestCount)
        server.enqueue(refusal(429, "too_many_requests", "same_key", "Retry-After" to "1"))
        server.enqueue(refusal(403, "not_allowed", "never"))
        assertEquals(403, assertThrows<ProblemException> { run { consoles.updateMe(UpdateMeRequest(busy = true)) } }.status)
        assertEquals(5, server.requestCount)
    }

    @Test
    fun `what repeats by its nature is made again without a key`() {
        server.enqueue(cut)
        server.enqueue(answer(200, """{"items": []}"""))
        run { sharing.listInvitations("ses_1") }
        server.enqueue(cut)
        server.enqueue(MockResponse.Builder().code(204).build())
        run { queues.setFavourite("team_1") }
        assertEquals(listOf("GET", "GET", "PUT", "PUT"), requests().onEach { assertNull(it.key) }.map { it.method })
    }

    @Test
    fun `nobody is kept waiting long`() {
        server.enqueue(refusal(429, "too_many_attempts", "same_key", "Retry-After" to "600"))
        val refused = assertThrows<ProblemException> { run { invite() } }
        assertEquals(600.seconds, refused.retryAfter)
        assertEquals(emptyList<Duration>(), pauses)
    }

    @Test
    fun `a refusal is typed`() {
        server.enqueue(
            refusal(409, "already_invited", "never", more = """, "conflict": {"kind": "invitation", "id": "inv_7", "by": {"id": "rep_ana", "name": "Ana"}}, "colour": "red""""),
        )
        val refused = assertThrows<ProblemException> { run { invite() } }
        assertEquals(ProblemCode.ALREADY_INVITED, refused.code)
        assertEquals(409, refused.status)
        assertEquals(Retry.NEVER, refused.retry)
        assertNull(refused.retryAfter)
        assertEquals("inv_7", refused.problem.conflict!!.id)
        assertTrue("problems#already_invited" in refused.message!! && "r1" in refused.message!!) { refused.message }
        assertEquals(1, server.requestCount)
    }

    @Test
    fun `a refusal that is newer than the client says how it may be repeated`() {
        server.enqueue(refusal(409, "on_holiday", "same_key", more = """, "retry_after_seconds": 3"""))
        server.enqueue(refusal(409, "on_holiday", "never", more = """, "retry_after_seconds": 3"""))
        val refused = assertThrows<ProblemException> { run { invite() } }
        assertEquals(ProblemCode.UNKNOWN, refused.code)
        assertEquals(3.seconds, refused.retryAfter)
        assertEquals(2, server.requestCount)
        assertTrue(pauses.single() in 3.seconds..4.seconds) { "$pauses" }
    }

    @Test
    fun `what something else answered is a refusal too`() {
        for ((type, body) in listOf("text/html" to "<html>", "application/problem+json" to "{", "application/problem+json" to "{}", "application/json" to "")) {
            server.enqueue(answer(404, body, "Content-Type" to type))
            val refused = assertThrows<ProblemException> { run { invite() } }
            assertEquals(404, refused.status)
            assertEquals(ProblemCode.UNKNOWN, refused.code)
            assertEquals(Retry.NEVER, refused.retry)
        }
        server.enqueue(answer(429, "", "Content-Type" to "text/plain", "Retry-After" to "Sun, 22 Nov 2026 12:02:00 GMT", "Date" to "Sun, 22 Nov 2026 12:00:30 GMT"))
        assertEquals(90.seconds, assertThrows<ProblemException> { run { invite() } }.retryAfter)
    }

    @Test
    fun `the page of a network that wants somebody to log in is no answer`() {
        repeat(4) { server.enqueue(answer(200, "<html>Welcome to our hotel</html>", "Content-Type" to "text/html")) }
        val failure = assertThrows<IOException> { run { sharing.listInvitations("ses_1") } }
        assertTrue(failure !is ProblemException)
    }

    @Test
    fun `who lets the server wait for news waits as long`() {
        val impatient = OkHttpClient.Builder().readTimeout(java.time.Duration.ofMillis(500)).build()
        client = RepdeskClient(server.url("/").toString(), { token }, impatient, Retries(Random(1)) { _, pause -> pauses += pause })
        server.enqueue(answer(200, """{"items": [], "cursor": "7", "more": false}""").newBuilder().headersDelay(1, TimeUnit.SECONDS).build())
        assertEquals("7", run { events.listEvents(after = "7", waitSeconds = 5) }.cursor)
        repeat(4) { server.enqueue(answer(200, """{"items": []}""").newBuilder().headersDelay(1, TimeUnit.SECONDS).build()) }
        assertThrows<IOException> { run { sharing.listInvitations("ses_1") } }
    }

    @Test
    fun `who gives up while it waits is let go`() {
        client = RepdeskClient(server.url("/").toString(), { token })
        repeat(9) { server.enqueue(refusal(503, "unavailable", "same_key", "Retry-After" to "8")) }
        runBlocking {
            val begun = System.nanoTime()
            val inviting = kotlinx.coroutines.withTimeoutOrNull(500.milliseconds) { client.invite() }
            assertNull(inviting)
            assertTrue(System.nanoTime() - begun < 10_000_000_000)
        }
        assertEquals(1, server.requestCount)
    }
}
