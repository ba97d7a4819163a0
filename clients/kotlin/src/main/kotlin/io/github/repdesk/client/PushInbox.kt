package io.github.repdesk.client

import io.github.repdesk.client.PushAction.Ignore.Why
import io.github.repdesk.client.models.PushMessage
import io.github.repdesk.client.models.PushType
import java.time.Duration
import java.time.Instant
import java.time.format.DateTimeParseException
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.decodeFromJsonElement

/**
 * Says what an app does with the pushes that it gets. They come twice, late and in any order; the app shows what it would if
 * each came once and in time.
 *
 * For one rep on one server: after another log-in make another inbox, and remove what the one before shows. One inbox in a
 * process uses a store at a time; it may be used by several threads.
 *
 * @param serverId Whose pushes these are: `server_id` of `client.server.getServer`.
 * @param repId For whom they are: the id of the rep who is logged in.
 * @param store Keeps what the inbox remembers while the app does not run.
 */
public class PushInbox(private val serverId: String, private val repId: String, private val store: Store) {
    private val kept: MutableMap<String, Kept> = load()

    /** Where an inbox keeps a short text: shared preferences, for one. */
    public interface Store {
        /** The text that was saved last, or null. */
        public fun load(): String?

        /** Keeps the text, in place of the one before. */
        public fun save(text: String)
    }

    /**
     * Takes a push, and remembers it before it returns.
     *
     * @param data The push: `RemoteMessage.getData()` on Android.
     * @param now When it came.
     */
    @Synchronized
    public fun receive(data: Map<String, String>, now: Instant = Instant.now()): PushAction {
        forget(now)
        if (data["server_id"] != serverId) return PushAction.Ignore(Why.OTHER_SERVER, null)
        if (data["rep_id"] != repId) return PushAction.Ignore(Why.OTHER_REP, null)
        val ack = data["delivery_id"]?.takeIf { data["type"] !in UNREPORTED }
        if (data["v"] != VERSION) return PushAction.Ignore(Why.UNKNOWN_VERSION, ack)
        if (data["type"].isNullOrEmpty()) return PushAction.Ignore(Why.UNREADABLE, null)
        val type = PushType.entries.firstOrNull { it != PushType.UNKNOWN && it.value == data["type"] }
            ?: return PushAction.Ignore(Why.UNKNOWN_TYPE, ack)
        val key = data["key"].orEmpty()
        val rev = data["rev"]?.takeIf { text -> text.all { it in '0'..'9' } }?.toLongOrNull()
        if (key.isEmpty() || rev == null) return PushAction.Ignore(Why.UNREADABLE, null)
        return take(Push(message(data, now), type, key, rev, ack), now)
    }

    /** The tags under which something shows, unless the user removed it. */
    @Synchronized
    public fun showing(now: Instant = Instant.now()): List<String> = kept.filterValues { it.showsAt(now) }.keys.toList()

    private class Push(val message: PushMessage, val type: PushType, val key: String, val rev: Long, val ack: String?)

    /** Takes a push that can be read. */
    private fun take(push: Push, now: Instant): PushAction {
        val before = kept[push.key]
        if (before != null && push.rev <= before.rev) return PushAction.Ignore(Why.NOT_NEWER, push.ack)
        val staleAt = push.type.worth()?.let { push.message.sentAt.toInstant() + it }
        kept[push.key] = Kept(push.rev, now.toEpochMilli(), staleAt?.toEpochMilli())
        save()
        return when {
            push.type == PushType.SIGNED_OUT -> PushAction.CheckLogIn(push.key, push.message, push.ack)
            staleAt == null -> PushAction.Cancel(push.key, push.message, push.ack)
            staleAt <= now -> PushAction.Ignore(Why.STALE, push.ack)
            else -> PushAction.Show(push.key, before?.showsAt(now) == true, staleAt, push.message, push.ack)
        }
    }

    /** The push as the contract has it. What it lacks of that is made up: it is shown all the same. */
    private fun message(data: Map<String, String>, now: Instant): PushMessage {
        val sentAt = try {
            data["sent_at"]?.let(Instant::parse)
        } catch (_: DateTimeParseException) {
            null
        }
        val lacking = mapOf("delivery_id" to "", "title" to "", "body" to "", "badge" to "0")
        val whole = lacking + data + ("sent_at" to (sentAt ?: now).toString())
        return json.decodeFromJsonElement(JsonObject(whole.mapValues { JsonPrimitive(it.value) }))
    }

    /** By then whatever was overtaken is stale as well. */
    private fun forget(now: Instant) {
        kept.values.removeAll { Instant.ofEpochMilli(it.cameAt) + REMEMBERED <= now }
    }

    private fun load(): MutableMap<String, Kept> {
        val saved = try {
            store.load()?.let { json.decodeFromString<Saved>(it) }
        } catch (_: SerializationException) {
            null // it is better to show something twice than nothing any more
        }
        return if (saved?.serverId == serverId && saved.repId == repId) saved.kept.toMutableMap() else mutableMapOf()
    }

    private fun save() = store.save(json.encodeToString(Saved(serverId, repId, kept)))

    /** What is remembered of a key. Times are milliseconds since 1970. */
    @Serializable
    private data class Kept(
        val rev: Long,
        @SerialName("came_at") val cameAt: Long,
        @SerialName("stale_at") val staleAt: Long? = null, // null: nothing shows
    ) {
        fun showsAt(now: Instant) = staleAt != null && now.toEpochMilli() < staleAt
    }

    @Serializable
    private data class Saved(
        @SerialName("server_id") val serverId: String,
        @SerialName("rep_id") val repId: String,
        val kept: Map<String, Kept>,
    )

    private companion object {
        const val VERSION = "1"

        /** How long a push is of use after it was sent; null: it shows nothing by itself. */
        fun PushType.worth(): Duration? = when (this) {
            PushType.INVITATION, PushType.TRANSFER -> Duration.ofHours(24)
            PushType.QUEUE, PushType.SESSION -> Duration.ofMinutes(10)
            PushType.MESSAGE -> Duration.ofHours(1)
            PushType.TEST -> Duration.ofSeconds(60)
            PushType.WITHDRAWAL, PushType.SIGNED_OUT, PushType.UNKNOWN -> null
        }

        /** Reporting these would say that the rep is there, where only the phone is. */
        val UNREPORTED = setOf("message", "session", "withdrawal", "signed_out")

        val REMEMBERED: Duration = Duration.ofHours(48)
    }
}
