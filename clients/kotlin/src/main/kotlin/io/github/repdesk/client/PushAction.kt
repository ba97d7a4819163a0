package io.github.repdesk.client

import io.github.repdesk.client.models.PushMessage
import java.time.Instant

/** What an app does with a push, as its [PushInbox] says. */
public sealed interface PushAction {
    /**
     * The delivery to report as `received` (`client.sharing.ackDelivery`), or null. It is named for a push that shows nothing
     * as well, if the server wants to know that it came.
     */
    public val ack: String?

    /**
     * Show a notification, under a tag.
     *
     * @property tag What it stands for; a later push replaces or cancels what shows under the same tag.
     * @property replaces Whether another shows under the tag already.
     * @property staleAt When it is to go away by itself: `setTimeoutAfter` on Android.
     * @property message The push: its title and body, which invitation, which session, and so on.
     */
    public data class Show(
        val tag: String,
        val replaces: Boolean,
        val staleAt: Instant,
        val message: PushMessage,
        override val ack: String?,
    ) : PushAction

    /**
     * Remove what shows under a tag, if anything does.
     *
     * @property tag What it stood for.
     * @property message The push, which says why.
     */
    public data class Cancel(val tag: String, val message: PushMessage, override val ack: String?) : PushAction

    /**
     * Ask the server who is logged in (`client.consoles.getMe`). Only if it answers with 401, forget the token, remove all
     * notifications, and show this one.
     *
     * @property tag What it stands for.
     * @property message The push: its title and body.
     */
    public data class CheckLogIn(val tag: String, val message: PushMessage, override val ack: String?) : PushAction

    /**
     * Show and remove nothing.
     *
     * @property why Why not.
     */
    public data class Ignore(val why: Why, override val ack: String?) : PushAction {
        /** Why a push changes nothing. */
        public enum class Why {
            /** It is from another server than the inbox is for, or does not say from which. */
            OTHER_SERVER,

            /** It is for another rep than the inbox is for, or does not say for whom. */
            OTHER_REP,

            /** Its form is newer than this client. */
            UNKNOWN_VERSION,

            /** Its type is newer than this client. */
            UNKNOWN_TYPE,

            /** It is broken. */
            UNREADABLE,

            /** It came before, or was overtaken. */
            NOT_NEWER,

            /** It comes too late to be of use. */
            STALE,
        }
    }
}
