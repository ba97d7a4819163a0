package io.github.repdesk.client

import io.github.repdesk.client.models.AckDeliveryRequest
import io.github.repdesk.client.models.Customer
import io.github.repdesk.client.models.DeliveryAck
import io.github.repdesk.client.models.DeliveryState
import io.github.repdesk.client.models.Device
import io.github.repdesk.client.models.Event
import io.github.repdesk.client.models.EventType
import io.github.repdesk.client.models.Invitation
import io.github.repdesk.client.models.InvitationEndReason
import io.github.repdesk.client.models.InvitationState
import io.github.repdesk.client.models.InviteRequest
import io.github.repdesk.client.models.LogInRequest
import io.github.repdesk.client.models.Platform
import io.github.repdesk.client.models.ProblemCode
import io.github.repdesk.client.models.PushKind
import io.github.repdesk.client.models.PushReason
import io.github.repdesk.client.models.StartSessionRequest
import io.github.repdesk.client.models.UpdateConsoleRequest
import java.io.File
import java.util.UUID
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.Serializable
import mockwebserver3.Dispatcher
import mockwebserver3.MockResponse
import mockwebserver3.MockWebServer
import mockwebserver3.RecordedRequest
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** Ana shares a session with Ben and his phone, on a running server, with an endpoint of the test's in the place of FCM. */
class PlayTest {
    @TempDir
    lateinit var folder: File
    private val fcm = MockWebServer()
    private val pushes = LinkedBlockingQueue<Map<String, String>>()
    private lateinit var server: RunningServer

    @Serializable
    private data class Sent(val message: Message) {
        @Serializable
        data class Message(val token: String, val data: Map<String, String>)
    }

    @BeforeEach
    fun start() {
        fcm.dispatcher = object : Dispatcher() {
            override fun dispatch(request: RecordedRequest): MockResponse {
                val message = json.decodeFromString<Sent>(request.body!!.utf8()).message
                if (request.url.encodedPath != "/v1/projects/desk/messages:send" || message.token != "bens-phone") return MockResponse(code = 400)
                pushes += message.data
                return MockResponse.Builder().setHeader("Content-Type", "application/json").body("""{"name": "projects/desk/messages/1"}""").build()
            }
        }
        fcm.start()
        server = RunningServer(folder, "--fcm-project", "desk", "--fcm-endpoint", fcm.url("/").toString().trimEnd('/'))
        server.start()
    }

    @AfterEach
    fun stop() {
        server.close()
        fcm.close()
    }

    /** Somebody who is logged in. */
    private inner class Somebody(val username: String, val device: Device) {
        private var token: String? = null
        val client = RepdeskClient(server.url, { token })

        suspend fun logIn() = also { token = client.consoles.logIn(LogInRequest(device, username = username, password = "demo password")).token }
    }

    private val phone = Device(Platform.ANDROID, deviceId = UUID.randomUUID().toString(), name = "Ben's phone")

    private class Memory : PushInbox.Store {
        var text: String? = null

        override fun load() = text

        override fun save(text: String) {
            this.text = text
        }
    }

    private fun play(body: suspend CoroutineScope.() -> Unit) = runBlocking(Dispatchers.Default) { withTimeout(DEADLINE * 3) { body() } }

    private suspend fun Somebody.openSession(): String {
        val session = client.sessions.startSession(StartSessionRequest(Customer("Jo Doe"), portalId = "@main")).session
        return client.sessions.acceptSession(session.id).id
    }

    private suspend fun Somebody.inviteBen(session: String): Invitation =
        client.sharing.invite(session, InviteRequest(repId = "@ben", comment = "Tray 2, please"))

    private fun push(): Map<String, String> = pushes.poll(DEADLINE.inWholeSeconds, TimeUnit.SECONDS) ?: error("no push came")

    /** What a stream tells, as it comes. */
    private inner class Watching(scope: CoroutineScope, who: Somebody) {
        private val updates = Channel<StreamUpdate>(Channel.UNLIMITED)
        val told = mutableListOf<Event>()

        init {
            scope.launch {
                who.client.eventStream().updates().collect(updates::send)
                updates.close()
            }
        }

        suspend inline fun <reified T : StreamUpdate> until(crossinline matches: (T) -> Boolean = { true }): T = withTimeout(DEADLINE) {
            while (true) {
                val update = updates.receive()
                if (update is StreamUpdate.Happened) told += update.event
                if (update is T && matches(update)) return@withTimeout update
            }
            @Suppress("UNREACHABLE_CODE")
            error("it goes on for ever")
        }

        suspend fun event(type: EventType): Event = until<StreamUpdate.Happened> { it.event.type == type }.event
    }

    @Test
    fun `from the log-in to the withdrawal, by push and stream`() = play {
        val ana = Somebody("ana", Device(Platform.SCRIPT)).logIn()
        val ben = Somebody("ben", phone).logIn()
        val console = ben.client.consoles.updateConsole("current", UpdateConsoleRequest(pushKind = PushKind.FCM_TOKEN, pushTarget = "bens-phone"))
        assertEquals(PushKind.FCM_TOKEN, console.pushKind)
        val inbox = PushInbox(ben.client.server.getServer().serverId, console.repId, Memory())
        val session = ana.openSession()
        val stream = Watching(this, ben)
        val start = stream.until<StreamUpdate.Loaded>().snapshot
        assertEquals("Ben Okafor", start.me.name)
        stream.until<StreamUpdate.Ready>()

        val invitation = ana.inviteBen(session)
        assertEquals(InvitationState.ACTIVE, invitation.state)
        val show = inbox.receive(push()) as PushAction.Show
        assertEquals(invitation.id, show.tag)
        assertEquals("Ana Ruiz invites you to a session", show.message.title)
        assertEquals("Tray 2, please", show.message.body)
        ben.client.sharing.ackDelivery(show.ack!!, AckDeliveryRequest(DeliveryAck.RECEIVED))
        val delivery = ana.client.sharing.listDeliveries(invitation.id).items.single { it.id == show.ack }
        assertEquals(DeliveryState.RECEIVED, delivery.state)
        assertEquals(invitation.id, stream.event(EventType.INVITATION_CREATED).invitation!!.id)

        val accepted = ben.client.sharing.acceptInvitation(show.tag)
        assertEquals(session, accepted.session.id)
        assertEquals(InvitationEndReason.ACCEPTED, stream.event(EventType.INVITATION_ENDED).invitation!!.reason)
        assertTrue(stream.told.any { it.session?.id == session } || stream.event(EventType.SESSION_CHANGED).session!!.id == session)
        val over = inbox.receive(push()) as PushAction.Cancel
        assertEquals(show.tag, over.tag)
        assertNull(over.ack)
        ben.client.sessions.leaveSession(session)

        val second = ana.inviteBen(session)
        assertEquals(second.id, (inbox.receive(push()) as PushAction.Show).tag)
        assertEquals(listOf(second.id), inbox.showing())
        assertEquals(InvitationState.CANCELLED, ana.client.sharing.cancelInvitation(second.id).state)
        val withdrawn = inbox.receive(push()) as PushAction.Cancel
        assertEquals(second.id, withdrawn.tag)
        assertEquals(PushReason.CANCELLED, withdrawn.message.reason)
        assertEquals(emptyList<String>(), inbox.showing())
        val ended = stream.until<StreamUpdate.Happened> { it.event.type == EventType.INVITATION_ENDED && it.event.invitation!!.id == second.id }
        assertEquals(InvitationEndReason.CANCELLED, ended.event.invitation!!.reason)

        ben.logIn() // on the same device: the token of before is dead, and the stream under it
        assertEquals("console_revoked", stream.until<StreamUpdate.Closed>().closing.reason.value)
    }

    @Test
    fun `nothing is missed and nothing comes twice when the server is killed`() = play {
        val ana = Somebody("ana", Device(Platform.SCRIPT)).logIn()
        val ben = Somebody("ben", phone).logIn()
        val session = ana.openSession()
        val stream = Watching(this, ben)
        val start = stream.until<StreamUpdate.Loaded>().snapshot.cursor
        stream.until<StreamUpdate.Ready>()
        var last = ""
        repeat(3) {
            ana.client.sharing.cancelInvitation(ana.inviteBen(session).id)
            stream.event(EventType.INVITATION_ENDED)
            last = ana.inviteBen(session).id // perhaps told before the end, perhaps after it
            server.kill()
            server.start()
            ana.client.sharing.cancelInvitation(last)
        }
        stream.until<StreamUpdate.Happened> { it.event.type == EventType.INVITATION_ENDED && it.event.invitation!!.id == last }
        val log = ben.client.events.listEvents(after = start, limit = 200).items
        assertTrue(log.count { it.type == EventType.INVITATION_ENDED } == 6) { log.joinToString { it.type.value } }
        val ids = stream.told.map { it.id!! }
        assertEquals(ids.distinct().sorted(), ids)
        // The log shows a queue as it is, and not as it was each time that it changed.
        fun steps(of: List<Event>) = of.filter { it.type != EventType.QUEUE_CHANGED && it.id!! <= ids.last() }.map { "${it.id} ${it.type}" }
        assertEquals(steps(log), steps(stream.told))
        ben.client.consoles.logOut("current")
        stream.until<StreamUpdate.Closed>()
    }

    @Test
    fun `a log-in elsewhere ends this one, as a refusal says`() = play {
        val first = Somebody("ben", phone).logIn()
        assertEquals("Ben Okafor", first.client.consoles.getMe().name)
        Somebody("ana", phone).logIn() // the same device, another rep
        val refused = assertThrows<ProblemException> { runBlocking { first.client.consoles.getMe() } }
        assertEquals(401, refused.status)
        assertTrue(refused.code in setOf(ProblemCode.CONSOLE_REVOKED, ProblemCode.TOKEN_UNKNOWN)) { "$refused" }
        val streaming = assertThrows<ProblemException> { runBlocking { first.client.eventStream().updates().collect {} } }
        assertEquals(refused.code, streaming.code)
    }

    @Test
    fun `the first invitation, as the README has it`() = play {
        assertEquals("Ben is not there.", firstInvitation(server.url))
        Somebody("ben", phone).logIn()
        assertEquals("Ben Okafor is invited.", firstInvitation(server.url))
    }
}
