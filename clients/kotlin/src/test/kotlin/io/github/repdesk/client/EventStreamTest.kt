package io.github.repdesk.client

import io.github.repdesk.client.models.ClosingReason
import io.github.repdesk.client.models.EventType
import io.github.repdesk.client.models.ProblemCode
import java.io.IOException
import java.net.SocketTimeoutException
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runTest
import mockwebserver3.Dispatcher
import mockwebserver3.MockResponse
import mockwebserver3.MockWebServer
import mockwebserver3.RecordedRequest
import mockwebserver3.SocketEffect
import okhttp3.OkHttpClient
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.fail

/** A server that says what the test has it say, and a clock that jumps over pauses. */
@OptIn(ExperimentalCoroutinesApi::class)
class EventStreamTest {
    private val server = MockWebServer()
    private val snapshots = ConcurrentLinkedQueue<MockResponse>()
    private val streams = ConcurrentLinkedQueue<MockResponse>()
    private val asked = ConcurrentLinkedQueue<RecordedRequest>()
    private lateinit var stream: EventStream

    /** Always the longest pause. */
    private val slowest = object : Random() {
        override fun nextBits(bitCount: Int) = fail("only nextLong is used")

        override fun nextLong(until: Long) = until - 1
    }

    @BeforeEach
    fun start() {
        server.dispatcher = object : Dispatcher() {
            override fun dispatch(request: RecordedRequest): MockResponse {
                asked += request
                val script = if (request.url.encodedPath == "/v1/snapshot") snapshots else streams
                return script.poll() ?: cut
            }
        }
        server.start()
        val client = RepdeskClient(server.url("/").toString(), { "rdc_1" }, OkHttpClient(), Retries(Random(1)) { _, _ -> })
        stream = client.eventStream(slowest)
    }

    @AfterEach
    fun stop() = server.close()

    private val cut = MockResponse.Builder().onResponseStart(SocketEffect.CloseSocket()).build()

    private val busy = MockResponse.Builder().code(503).build()

    private fun snapshot(cursor: Int) = MockResponse.Builder().setHeader("Content-Type", "application/json").body(
        """{"cursor": "$cursor", "server_time": "2026-11-22T12:00:00Z", "badge": 0, "queues": [], "entries": [], "invitations": [], "sessions": [], "portals": [], "truncated": [],
        "me": {"id": "rep_ben", "rev": 1, "username": "ben", "name": "Ben", "public_name": "Ben", "locale": "en", "time_zone": "UTC", "role": "rep", "presence": "available", "busy": false,
            "teams": [], "permissions": [], "extended_availability": false, "show_on_public_page": false, "specialists_may_share_screen": false,
            "alerts": {"messages": true, "queue": true, "sessions": true, "transfers": true, "team_queues": "overdue"}},
        "console": {"id": "con_1", "rev": 1, "rep_id": "rep_ben", "platform": "android", "connected": true, "current": true,
            "created_at": "2026-11-22T12:00:00Z", "seen_at": "2026-11-22T12:00:00Z"},
        "preferences": {"rev": 1, "queue_columns": [], "queue_order": "asc", "queue_sort": "waiting"}}""",
    ).build()

    private fun event(id: Int, type: String = "me.changed") = "id: $id\nevent: $type\ndata: {\"id\": $id, \"type\": \"$type\", \"at\": \"2026-11-22T12:00:00Z\"}\n\n"

    private fun ready(cursor: Int, heartbeat: Int = 25) = "event: ready\ndata: {\"cursor\": \"$cursor\", \"heartbeat_seconds\": $heartbeat}\n\n"

    private val reset = "event: reset\ndata: {\"reason\": \"rights_changed\"}\n\n"

    private fun closing(reason: String, seconds: Int? = null) =
        "event: closing\ndata: {\"reason\": \"$reason\"${seconds?.let { ", \"retry_after_seconds\": $it" }.orEmpty()}}\n\n"

    private val last = closing("replaced")

    private fun says(vararg parts: String) =
        MockResponse.Builder().setHeader("Content-Type", "text/event-stream").chunkedBody(": repdesk\n\n" + parts.joinToString(""), 1000).build()

    private fun refuses(status: Int, code: String, retry: String, vararg headers: Pair<String, String>) = MockResponse.Builder().code(status)
        .setHeader("Content-Type", "application/problem+json").apply { headers.forEach { (name, value) -> setHeader(name, value) } }
        .body("""{"type": "t", "status": $status, "title": "No", "detail": "No.", "code": "$code", "retry": "$retry", "request_id": "r1"}""").build()

    private fun wherever() = asked.map { it.target }

    private fun told(updates: List<StreamUpdate>) = updates.joinToString(" ") {
        when (it) {
            is StreamUpdate.Loaded -> "loaded:${it.snapshot.cursor}"
            is StreamUpdate.Happened -> "${it.event.id}"
            is StreamUpdate.Ready -> "ready"
            is StreamUpdate.Interrupted -> "interrupted"
            is StreamUpdate.Closed -> "closed:${it.closing.reason}"
        }
    }

    private fun test(body: suspend TestScope.() -> Unit) = runTest(timeout = DEADLINE, testBody = body)

    @Test
    fun `a snapshot, then what happens after it`() = test {
        snapshots += snapshot(10)
        streams += says(event(11), ready(12), event(13, "holiday.begun"), ": still here\n\n", last)
        val updates = stream.updates().toList()
        assertEquals("loaded:10 11 ready 13 closed:replaced", told(updates))
        assertEquals(listOf("/v1/snapshot", "/v1/events?after=10"), wherever())
        assertEquals("holiday.begun", (updates[3] as StreamUpdate.Happened).name)
        assertEquals(EventType.UNKNOWN, (updates[3] as StreamUpdate.Happened).event.type)
        assertEquals(ClosingReason.REPLACED, (updates.last() as StreamUpdate.Closed).closing.reason)
        val request = asked.last()
        assertEquals("text/event-stream", request.headers["Accept"])
        assertEquals("Bearer rdc_1", request.headers["Authorization"])
        assertEquals(0L, currentTime)
    }

    @Test
    fun `a lost connection goes on after what was told last`() = test {
        snapshots += snapshot(10)
        streams += says(event(11), event(12))
        streams += says(event(13), ready(15))
        streams += says(ready(15), event(16))
        streams += says(event(17), "id: 18\nevent: me.changed\ndata: {\"half")
        streams += says(event(18), ready(18), last)
        assertEquals(
            "loaded:10 11 12 interrupted 13 ready interrupted ready 16 interrupted 17 interrupted 18 ready closed:replaced",
            told(stream.updates().toList()),
        )
        assertEquals(listOf(10, 12, 15, 16, 17).map { "/v1/events?after=$it" }, wherever().drop(1))
    }

    @Test
    fun `a reset begins anew`() = test {
        snapshots += snapshot(10)
        streams += says(event(11), ready(11), reset)
        snapshots += snapshot(20)
        streams += says(ready(20), last)
        assertEquals("loaded:10 11 ready loaded:20 ready closed:replaced", told(stream.updates().toList()))
        assertEquals(listOf("/v1/snapshot", "/v1/events?after=10", "/v1/snapshot", "/v1/events?after=20"), wherever())
    }

    @Test
    fun `a position that is too old begins anew`() = test {
        snapshots += snapshot(10)
        streams += refuses(410, "cursor_too_old", "never")
        snapshots += snapshot(20)
        streams += says(ready(20), last)
        assertEquals("loaded:10 loaded:20 ready closed:replaced", told(stream.updates().toList()))
    }

    @Test
    fun `a server that stops is left in peace as long as it says`() = test {
        snapshots += snapshot(10)
        streams += says(ready(10), closing("shutdown", 5))
        streams += says(ready(10), last)
        assertEquals("loaded:10 ready ready closed:replaced", told(stream.updates().toList()))
        assertEquals(6_000L, currentTime)
    }

    @Test
    fun `pauses grow up to a minute, and are short again after a good connection`() = test {
        snapshots += snapshot(10)
        repeat(8) { streams += busy } // and not cut: OkHttp by itself tries again what a connection of before swallows
        streams += says(ready(10))
        streams += says(last)
        val pauses = stream.updates().toList().filterIsInstance<StreamUpdate.Interrupted>().map { it.retryIn }
        assertEquals(listOf(1, 2, 4, 8, 16, 32, 60, 60, 1).map { it.seconds }, pauses)
        assertEquals(pauses.fold(Duration.ZERO, Duration::plus).inWholeMilliseconds, currentTime)
    }

    @Test
    fun `a snapshot that does not come is tried for as well`() = test {
        repeat(4) { snapshots += cut } // as often as one request is made
        snapshots += snapshot(10)
        streams += says(last)
        assertEquals("interrupted loaded:10 closed:replaced", told(stream.updates().toList()))
    }

    @Test
    fun `a refusal that passes is waited for`() = test {
        snapshots += snapshot(10)
        streams += refuses(429, "too_many_requests", "same_key", "Retry-After" to "7")
        streams += refuses(503, "unavailable", "same_key", "Retry-After" to "3")
        streams += MockResponse.Builder().code(502).setHeader("Content-Type", "text/html").body("<html>").build()
        streams += MockResponse.Builder().setHeader("Content-Type", "text/html").body("<html>Log in</html>").build()
        streams += MockResponse.Builder().setHeader("Content-Type", "application/json").body("{}").build()
        streams += says(last)
        val updates = stream.updates().toList()
        assertEquals("loaded:10 interrupted interrupted interrupted interrupted interrupted closed:replaced", told(updates))
        val interrupted = updates.filterIsInstance<StreamUpdate.Interrupted>()
        assertEquals(listOf(7 + 1, 3 + 2, 4, 8, 16).map { it.seconds }, interrupted.map { it.retryIn })
        assertEquals(ProblemCode.TOO_MANY_REQUESTS, (interrupted[0].cause as ProblemException).code)
    }

    @Test
    fun `a refusal for good ends it`() = test {
        snapshots += snapshot(10)
        streams += refuses(401, "console_revoked", "never")
        val got = mutableListOf<StreamUpdate>()
        val refused = runCatching { stream.updates().collect { got += it } }.exceptionOrNull() as ProblemException
        assertEquals(ProblemCode.CONSOLE_REVOKED, refused.code)
        assertEquals("loaded:10", told(got))

        snapshots += refuses(401, "not_logged_in", "safe")
        assertEquals(ProblemCode.NOT_LOGGED_IN, (runCatching { stream.updates().toList() }.exceptionOrNull() as ProblemException).code)
    }

    @Test
    fun `what the collector throws is the collector's own`() = test {
        snapshots += snapshot(10)
        streams += says(event(11))
        val failure = runCatching { stream.updates().collect { if (it is StreamUpdate.Happened) throw IOException("disk full") } }.exceptionOrNull()
        assertEquals("disk full", failure!!.message)
        assertEquals(2, asked.size)
    }

    @Test
    fun `only some types`() = test {
        snapshots += snapshot(10)
        streams += says(last)
        stream.updates(EventType.INVITATION_CREATED, EventType.REP_PRESENCE_CHANGED).toList()
        assertEquals("/v1/events?after=10&types=invitation.created%2Crep.presence_changed", wherever().last())
    }

    @Test
    fun `a stream that is silent for twice its heartbeat is dead`() = test {
        snapshots += snapshot(10)
        streams += says(ready(10, heartbeat = 1))
        val beginning = ": repdesk\n\n" + event(11)
        streams += says(event(11), event(12)).newBuilder().throttleBody(beginning.length + 8L, 4, TimeUnit.SECONDS).build()
        streams += says(event(12), last)
        val updates = stream.updates().toList()
        assertEquals("loaded:10 ready interrupted 11 interrupted 12 closed:replaced", told(updates))
        assertTrue((updates[4] as StreamUpdate.Interrupted).cause is SocketTimeoutException) { "${(updates[4] as StreamUpdate.Interrupted).cause}" }
    }

    @Test
    fun `who stops collecting lets the connection go`() = test {
        snapshots += snapshot(10)
        streams += says(event(11)).newBuilder().build()
        assertEquals("loaded:10 11", told(stream.updates().take(2).toList()))
    }
}
