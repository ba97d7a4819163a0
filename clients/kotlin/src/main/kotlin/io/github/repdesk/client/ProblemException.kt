package io.github.repdesk.client

import io.github.repdesk.client.models.Problem
import io.github.repdesk.client.models.ProblemCode
import io.github.repdesk.client.models.Retry
import java.io.IOException
import java.util.Date
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.SerializationException
import okhttp3.Response

/**
 * The answer was a refusal. An [IOException] of any other kind means that no answer came.
 *
 * Where a request asked for what is newer than it has (`ifNoneMatch`), the [status] 304 says that nothing is.
 *
 * @property problem What the server says. Where something between client and server answered without saying anything that
 * can be read, its `status` is that answer's, its `code` [ProblemCode.UNKNOWN] and its `type` `about:blank`.
 * @property retryAfter How long to wait before the request is repeated, if the answer says so.
 */
public class ProblemException(
    public val problem: Problem,
    public val retryAfter: Duration? = problem.retryAfterSeconds?.seconds,
) : IOException("${problem.status} ${problem.title}: ${problem.detail} (${problem.type}, request ${problem.requestId})") {

    /** What happened; [ProblemCode.UNKNOWN] where the server is newer than this client: then [status] and [retry] decide. */
    public val code: ProblemCode get() = problem.code

    /** The status of the answer. */
    public val status: Int get() = problem.status

    /** Whether the same request can be repeated. The client has done so already where waiting for a moment helps. */
    public val retry: Retry get() = problem.retry

    internal companion object {
        /** Reads the refusal out of an answer, and closes it. */
        fun of(response: Response): ProblemException = response.use {
            val retryAfter = it.retryAfter()
            val problem = it.problem() ?: it.unreadable()
            ProblemException(problem, retryAfter ?: problem.retryAfterSeconds?.seconds)
        }

        private fun Response.problem(): Problem? {
            if (body.contentType()?.run { type == "application" && subtype == "problem+json" } != true) return null
            return try {
                json.decodeFromString<Problem>(body.string())
            } catch (_: SerializationException) {
                null
            }
        }

        private fun Response.unreadable() = Problem(
            code = ProblemCode.UNKNOWN,
            detail = "Something other than the server answered ${request.method} ${request.url.encodedPath}.",
            requestId = header("Request-Id").orEmpty(),
            retry = if (code in PASSING) Retry.SAME_KEY else Retry.NEVER,
            status = code,
            title = message.ifEmpty { "No answer of the server" },
            type = "about:blank",
        )

        /** The pause that the header names, in seconds or as a date. */
        private fun Response.retryAfter(): Duration? {
            val seconds = header("Retry-After")?.toLongOrNull()
            if (seconds != null) return seconds.seconds
            val at = headers.getDate("Retry-After") ?: return null
            val now = headers.getDate("Date") ?: Date()
            return (at.time - now.time).milliseconds.coerceAtLeast(Duration.ZERO)
        }
    }
}

/** Statuses that pass by themselves. */
internal val PASSING: Set<Int> = setOf(408, 429, 502, 503, 504)
