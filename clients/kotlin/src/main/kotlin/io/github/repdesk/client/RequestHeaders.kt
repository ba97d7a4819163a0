package io.github.repdesk.client

import java.util.UUID
import java.util.concurrent.TimeUnit
import okhttp3.Interceptor
import okhttp3.Response

internal const val IDEMPOTENCY_KEY = "Idempotency-Key"

/** How long an answer may take beyond what a request lets the server wait for news. */
private const val GRACE_SECONDS = 10

/**
 * Gives each request the token, asks the server to pass over what it does not know yet, and gives each POST that has none
 * a key, under which it can be repeated. Headers that the request has already stay as they are.
 */
internal class RequestHeaders(private val tokens: TokenProvider) : Interceptor {
    override fun intercept(chain: Interceptor.Chain): Response {
        val request = chain.request()
        val more = request.newBuilder()
        if (request.header("Authorization") == null) tokens.token()?.let { more.header("Authorization", "Bearer $it") }
        if (request.header("Prefer") == null) more.header("Prefer", "handling=lenient")
        if (request.method == "POST" && request.header(IDEMPOTENCY_KEY) == null) {
            more.header(IDEMPOTENCY_KEY, UUID.randomUUID().toString())
        }
        val waits = request.url.queryParameter("wait_seconds")?.toIntOrNull() ?: return chain.proceed(more.build())
        return chain.withReadTimeout(waits + GRACE_SECONDS, TimeUnit.SECONDS).proceed(more.build())
    }
}
