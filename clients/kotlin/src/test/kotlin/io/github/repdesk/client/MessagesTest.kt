package io.github.repdesk.client

import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import mockwebserver3.MockResponse
import mockwebserver3.MockWebServer
import okhttp3.OkHttpClient
import okhttp3.Request
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

class MessagesTest {
    private val server = MockWebServer()

    @BeforeEach
    fun start() = server.start()

    @AfterEach
    fun stop() = server.close()

    /** Each chunk is a read of its own, so that every place is one where the text is cut. */
    @TestFactory
    fun `what a reader makes of a stream, wherever it is cut`(): List<DynamicTest> = vectors<StreamVectors>("stream.json").cases.map { case ->
        dynamicTest(case.name) {
            val text = case.chunks.joinToString("")
            for (size in listOf(1, 2, 3, 5, 7, 64, 1 shl 20)) {
                server.enqueue(MockResponse.Builder().setHeader("Content-Type", "text/event-stream").chunkedBody(text, size).build())
                val got = runBlocking { withTimeout(DEADLINE) { OkHttpClient().messages(Request(server.url("/"))).toList() } }
                val told = got.dropLast(1).map { it as Message.Told }.map { StreamVectors.Told(it.id, it.name, it.data) }
                assertEquals(case.events, told, "cut every $size bytes")
                assertTrue(got.last() is Message.Lost)
            }
        }
    }
}
